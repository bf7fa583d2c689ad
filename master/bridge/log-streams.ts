/** The master's side of a node's log streams: opens them, grants credit as the reader takes, and ends them in words. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { ApiError, type StatusReason } from '../../shared/kubernetes/api-error.ts';
import { STREAM_CREDIT_BYTES } from '../../shared/protocol/limits.ts';
import {
  type CallMessage,
  type LogsCall,
  parseMessage,
  REPLY_FRAME,
  ReplyEndSchema,
} from '../../shared/protocol/messages.ts';
import { MAX_STREAMS_PER_NODE, STREAM_IDLE_MS } from './limits.ts';

export type OpenLogsInput = {
  readonly node: string;
  readonly call: LogsCall;
  readonly signal: AbortSignal;
};

export type LogStreamsDeps = {
  readonly clock: Clock;
  readonly isConnected: (node: string) => boolean;
  /** Sends to the node; what cannot be sent is lost, and the node's loss ends the stream. */
  readonly send: (node: string, id: string, message: CallMessage) => void;
};

/** One open stream: what came and was not taken yet, and how it ended. */
type Stream = {
  readonly node: string;
  readonly chunks: Uint8Array[];
  bufferedBytes: number;
  /** Set when nothing more will come; the error when that is not as it should be. */
  end?: { readonly error?: ApiError };
  wakeReader: () => void;
};

/** Reasons of an agent that mean to a client of the API what they say; any other is an internal error. */
const REASONS: readonly StatusReason[] = ['NotFound', 'BadRequest', 'TooManyRequests', 'ServiceUnavailable'];

export class LogStreams {
  private readonly deps: LogStreamsDeps;
  private readonly streams = new Map<string, Stream>();

  constructor(deps: LogStreamsDeps) {
    this.deps = deps;
  }

  /**
   * The output of a container, as the runtime gives it. Throws ApiError at once when the node is not connected or has too
   * many streams, and while it is read when the agent refuses, the connection is lost, or nothing comes for too long.
   * Ends quietly when aborted. Leaving the loop closes the stream on the node.
   */
  open(input: OpenLogsInput): AsyncIterable<Uint8Array> {
    const { node } = input;
    if (!this.deps.isConnected(node)) throw offline(node);
    const open = [...this.streams.values()].filter(stream => stream.node === node).length;
    if (open >= MAX_STREAMS_PER_NODE) {
      throw new ApiError('TooManyRequests', `node "${node}" has ${open} log streams open: close some first`);
    }
    return this.read(input);
  }

  /** One frame of a node; one for a stream that is not open says nothing. */
  receive(node: string, id: string, frame: Buffer): void {
    const stream = this.streams.get(id);
    if (stream?.node !== node || stream.end !== undefined) return;
    const [kind] = frame;
    const rest = frame.subarray(1);
    if (kind === REPLY_FRAME.end) end(stream, endError(rest));
    if (kind !== REPLY_FRAME.output) return;
    stream.bufferedBytes += rest.length;
    if (stream.bufferedBytes > STREAM_CREDIT_BYTES) {
      end(stream, new ApiError('InternalError', `node "${node}" sent more than it was granted`));
      return;
    }
    stream.chunks.push(rest);
    stream.wakeReader();
  }

  /** The connection that the node's streams ran over is no more. */
  lost(node: string): void {
    for (const stream of this.streams.values()) if (stream.node === node) end(stream, offline(node));
  }

  private async *read({ node, call, signal }: OpenLogsInput): AsyncGenerator<Uint8Array> {
    if (signal.aborted) return;
    if (!this.deps.isConnected(node)) throw offline(node);
    const id = randomBytes(12).toString('hex');
    const stream: Stream = { node, chunks: [], bufferedBytes: 0, wakeReader: () => {} };
    const onAbort = () => end(stream, undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    this.streams.set(id, stream);
    this.deps.send(node, id, { kind: 'open', call, creditBytes: STREAM_CREDIT_BYTES });
    try {
      for (let takenBytes = 0; ; ) {
        const chunk = await this.nextChunk(stream, call.follow);
        if (chunk === undefined || signal.aborted) break;
        yield chunk;
        stream.bufferedBytes -= chunk.length;
        takenBytes += chunk.length;
        if (takenBytes >= STREAM_CREDIT_BYTES / 2) {
          this.deps.send(node, id, { kind: 'credit', bytes: takenBytes });
          takenBytes = 0;
        }
      }
      if (stream.end?.error !== undefined) throw stream.end.error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.streams.delete(id);
      if (this.deps.isConnected(node)) this.deps.send(node, id, { kind: 'close' });
    }
  }

  /** Undefined at the end. What came before the end is given first. */
  private async nextChunk(stream: Stream, mayPause: boolean): Promise<Uint8Array | undefined> {
    const cancel = mayPause
      ? () => {}
      : this.deps.clock.after(STREAM_IDLE_MS, () => {
          end(stream, new ApiError('Timeout', `node "${stream.node}" did not answer in time`));
        });
    try {
      while (stream.chunks.length === 0 && stream.end === undefined) {
        await new Promise<void>(resolve => {
          stream.wakeReader = resolve;
        });
      }
      return stream.chunks.shift();
    } finally {
      cancel();
    }
  }
}

function end(stream: Stream, error: ApiError | undefined): void {
  stream.end ??= { error };
  stream.wakeReader();
}

function endError(payload: Buffer): ApiError | undefined {
  const parsed = parseMessage(ReplyEndSchema, payload);
  if (!parsed.ok) return new ApiError('InternalError', `end of stream: ${parsed.reason}`);
  const { error } = parsed.message;
  if (error === undefined) return undefined;
  return new ApiError(REASONS.find(reason => reason === error.reason) ?? 'InternalError', error.message);
}

function offline(node: string): ApiError {
  return new ApiError(
    'ServiceUnavailable',
    `node "${node}" is not connected: its logs can be read when it is back (see "pikelet get nodes")`,
  );
}
