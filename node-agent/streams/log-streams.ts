/** Container output on request: a stream per call, which sends no more than its reader has granted. */
import type { Logger } from 'pino';
import { STREAM_FRAME_BYTES } from '../../shared/protocol/limits.ts';
import {
  type CallMessage,
  type LogsCall,
  REPLY_FRAME,
  type ReplyEnd,
} from '../../shared/protocol/messages.ts';
import { STREAMS_MAX } from '../limits.ts';
import { type ContainerRuntime, RuntimeError } from '../runtime/container-runtime.ts';
import type { LogContainer } from '../sync/log-container.ts';

export type LogStreamsDeps = {
  readonly runtime: ContainerRuntime;
  readonly log: Logger;
  readonly findContainer: (call: LogsCall) => LogContainer;
  /** Resolves when the socket has taken the frame; rejects when the link is lost. */
  readonly send: (id: string, frame: Uint8Array) => Promise<void>;
};

type Stream = { creditBytes: number; grant: () => void; readonly abort: AbortController };

export class LogStreams {
  private readonly deps: LogStreamsDeps;
  private readonly streams = new Map<string, Stream>();

  constructor(deps: LogStreamsDeps) {
    this.deps = deps;
  }

  /** Acts on one message of the call `id`; a message for a call that is not open says nothing. */
  receive(id: string, message: CallMessage): void {
    const stream = this.streams.get(id);
    switch (message.kind) {
      case 'open':
        if (!stream) void this.serve(id, message.call, message.creditBytes);
        return;
      case 'credit':
        if (!stream) return;
        stream.creditBytes += message.bytes;
        stream.grant();
        return;
      case 'close':
        stream?.abort.abort();
    }
  }

  /** Answers a call that this agent does not understand. */
  refuse(id: string, reason: string): void {
    if (!this.streams.has(id)) this.sendEnd(id, { error: { reason: 'BadRequest', message: reason } });
  }

  /** Ends every stream without a word: the link is lost, and with it every reader. */
  closeAll(): void {
    for (const { abort } of this.streams.values()) abort.abort();
  }

  private async serve(id: string, call: LogsCall, creditBytes: number): Promise<void> {
    const stream: Stream = { creditBytes, grant: () => {}, abort: new AbortController() };
    const { signal } = stream.abort;
    signal.addEventListener('abort', () => stream.grant(), { once: true });
    const isOneTooMany = this.streams.size >= STREAMS_MAX;
    if (!isOneTooMany) this.streams.set(id, stream);
    let end: ReplyEnd = {};
    try {
      if (isOneTooMany)
        end = { error: { reason: 'TooManyRequests', message: `the node has ${STREAMS_MAX} streams open` } };
      else end = await this.copy(id, call, stream);
    } catch (error) {
      if (signal.aborted) return;
      this.deps.log.warn({ err: error, pod: call.podUid, container: call.container }, 'log stream failed');
      const message = error instanceof RuntimeError ? error.message : 'the node failed to read the log';
      end = { error: { reason: 'InternalError', message } };
    } finally {
      stream.abort.abort();
      if (this.streams.get(id) === stream) this.streams.delete(id);
    }
    this.sendEnd(id, end);
  }

  private sendEnd(id: string, end: ReplyEnd): void {
    this.deps.send(id, frame(REPLY_FRAME.end, Buffer.from(JSON.stringify(end)))).catch((error: unknown) => {
      this.deps.log.debug({ err: error }, 'end of stream not sent');
    });
  }

  private async copy(id: string, call: LogsCall, stream: Stream): Promise<ReplyEnd> {
    const found = this.deps.findContainer(call);
    if (!found.ok) return { error: { reason: found.reason, message: found.message } };
    let leftBytes = call.limitBytes ?? Number.POSITIVE_INFINITY;
    const { follow, timestamps, tailLines, sinceSeconds } = call;
    const { signal } = stream.abort;
    const options = { follow: follow && !call.previous, timestamps, tailLines, sinceSeconds };
    for await (const { bytes } of this.deps.runtime.logs(found.id, options, signal)) {
      let rest = bytes.subarray(0, leftBytes);
      leftBytes -= rest.byteLength;
      while (rest.byteLength > 0) {
        await untilCredit(stream);
        const piece = rest.subarray(0, Math.min(STREAM_FRAME_BYTES, stream.creditBytes));
        stream.creditBytes -= piece.byteLength;
        await this.deps.send(id, frame(REPLY_FRAME.output, piece));
        rest = rest.subarray(piece.byteLength);
      }
      if (leftBytes <= 0) break;
    }
    signal.throwIfAborted();
    return {};
  }
}

/** Waits until the reader has granted something; rejects when the stream is closed, which counts as a grant. */
async function untilCredit(stream: Stream): Promise<void> {
  const { signal } = stream.abort;
  while (stream.creditBytes <= 0) {
    signal.throwIfAborted();
    await new Promise<void>(resolve => {
      stream.grant = resolve;
    });
  }
  signal.throwIfAborted();
}

function frame(kind: number, bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(bytes.byteLength + 1);
  framed[0] = kind;
  framed.set(bytes, 1);
  return framed;
}
