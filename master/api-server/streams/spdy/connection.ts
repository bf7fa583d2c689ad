/** One SPDY/3.1 connection, the server's side: streams that a client opens. It never opens one. */
import { ByteQueue } from '../byte-queue.ts';
import { MAX_FRAME_BYTES, MAX_SPDY_STREAMS, MAX_WAITING_BYTES } from '../limits.ts';
import type { Wire } from '../wire.ts';
import { type Frame, RESET, readFrames, writeFrame } from './frames.ts';
import { type Headers, type HeaderWindow, headerBlock, readHeaderBlock } from './header-block.ts';
import { SpdyError } from './spdy-error.ts';

/** A stream that the client opened. */
export interface SpdyStream {
  readonly headers: Headers;
  /** Aborts when the client breaks the stream off. */
  readonly broken: AbortSignal;
  /** Ends when the client has ended its side, or the stream or connection is gone. Must be read, or it holds up the connection. */
  readonly input: AsyncIterable<Buffer>;
  /** Resolves once the bytes are on their way; nothing is sent after `end`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Our side is complete. */
  end(): Promise<void>;
  /** Breaks the stream off, both ways. */
  reset(): Promise<void>;
}

type OpenStream = SpdyStream & {
  readonly queue: ByteQueue;
  breakOff(): void;
  isEndedHere: boolean;
  isEndedThere: boolean;
};

const GO_AWAY_OK = 0;

export class SpdyConnection {
  private readonly wire: Wire;
  private readonly onStream: (stream: SpdyStream) => void;
  private readonly streams = new Map<number, OpenStream>();
  private window: HeaderWindow;
  private hasReplied = false;
  private lastStream = 0;
  private waitingBytes = 0;
  private wake: () => void = () => undefined;

  /** `onStream` is told of each stream, in the order of their opening. */
  constructor(wire: Wire, onStream: (stream: SpdyStream) => void) {
    this.wire = wire;
    this.onStream = onStream;
  }

  /** Serves until the client goes, or says what is no SPDY (throws SpdyError). Then every stream's input has ended. */
  async run(): Promise<void> {
    let rest: Buffer = Buffer.alloc(0);
    try {
      for await (const piece of this.wire.received) {
        const read = readFrames(rest.length === 0 ? piece : Buffer.concat([rest, piece]));
        rest = read.rest;
        for (const frame of read.frames) await this.take(frame);
        // Streams share the connection: when their readers are too slow, the client waits.
        while (this.waitingBytes > MAX_WAITING_BYTES) await this.untilTaken();
      }
    } finally {
      for (const { queue } of this.streams.values()) queue.end();
      this.streams.clear();
    }
  }

  /** Tells the client that it is over, and ends the connection. */
  async close(): Promise<void> {
    await this.send({ kind: 'goAway', lastStream: this.lastStream, status: GO_AWAY_OK });
    this.wire.close();
  }

  private untilTaken(): Promise<void> {
    return new Promise(resolve => {
      this.wake = resolve;
    });
  }

  private send(frame: Frame): Promise<void> {
    return this.wire.send(writeFrame(frame));
  }

  private async take(frame: Frame): Promise<void> {
    switch (frame.kind) {
      case 'synStream':
        return await this.open(frame);
      case 'data': {
        const stream = this.streams.get(frame.stream);
        // After a reset the client's last pieces are still under way.
        if (stream === undefined || stream.isEndedThere) return;
        if (frame.bytes.length > 0) stream.queue.push(frame.bytes);
        if (frame.isLast) this.endThere(frame.stream, stream);
        return;
      }
      case 'headers': {
        this.window = readHeaderBlock(this.window, frame.block).window;
        const stream = this.streams.get(frame.stream);
        if (frame.isLast && stream !== undefined) this.endThere(frame.stream, stream);
        return;
      }
      case 'rstStream': {
        const stream = this.streams.get(frame.stream);
        if (stream === undefined) return;
        stream.isEndedHere = true;
        stream.breakOff();
        this.endThere(frame.stream, stream);
        return;
      }
      case 'ping':
        // The client's own come back as they are; they have odd numbers. [2.6.5]
        if (frame.id % 2 === 1) await this.send(frame);
        return;
      case 'synReply':
        throw new SpdyError('the client answers a stream that was never opened');
      case 'goAway':
      case 'settings':
      case 'windowUpdate':
        return;
    }
  }

  private async open({ stream: id, isLast, block }: Frame & { kind: 'synStream' }): Promise<void> {
    const { headers, window } = readHeaderBlock(this.window, block);
    this.window = window;
    if (id % 2 === 0 || id <= this.lastStream) throw new SpdyError(`stream ${id} is out of order`);
    this.lastStream = id;
    if (this.streams.size >= MAX_SPDY_STREAMS)
      return await this.send({ kind: 'rstStream', stream: id, status: RESET.refused });
    const stream = this.makeStream(id, headers);
    this.streams.set(id, stream);
    const reply = headerBlock(new Map(), { isFirst: !this.hasReplied });
    this.hasReplied = true;
    await this.send({ kind: 'synReply', stream: id, isLast: false, block: reply });
    if (isLast) this.endThere(id, stream);
    this.onStream(stream);
  }

  private makeStream(id: number, headers: Headers): OpenStream {
    const queue = new ByteQueue(bytes => {
      this.waitingBytes += bytes;
      this.wake();
    });
    const broken = new AbortController();
    const stream: OpenStream = {
      headers,
      broken: broken.signal,
      breakOff: () => broken.abort(),
      queue,
      input: queue,
      isEndedHere: false,
      isEndedThere: false,
      write: async bytes => {
        for (let at = 0; at < bytes.length && !stream.isEndedHere; at += MAX_FRAME_BYTES) {
          const piece = Buffer.from(bytes.subarray(at, at + MAX_FRAME_BYTES));
          await this.send({ kind: 'data', stream: id, isLast: false, bytes: piece });
        }
      },
      end: async () => {
        if (stream.isEndedHere) return;
        stream.isEndedHere = true;
        this.forgetEnded(id, stream);
        await this.send({ kind: 'data', stream: id, isLast: true, bytes: Buffer.alloc(0) });
      },
      reset: async () => {
        if (!this.streams.delete(id)) return;
        stream.isEndedHere = true;
        stream.isEndedThere = true;
        queue.drop();
        await this.send({ kind: 'rstStream', stream: id, status: RESET.cancel });
      },
    };
    return stream;
  }

  private endThere(id: number, stream: OpenStream): void {
    stream.isEndedThere = true;
    stream.queue.end();
    this.forgetEnded(id, stream);
  }

  private forgetEnded(id: number, stream: OpenStream): void {
    if (stream.isEndedHere && stream.isEndedThere) this.streams.delete(id);
  }
}
