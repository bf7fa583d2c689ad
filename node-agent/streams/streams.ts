/** The calls that are open on this node. It moves bytes under credit both ways and knows nothing of what they come from. */
import type { Logger } from 'pino';
import { Credit, CreditQueue } from '../../shared/protocol/credit.ts';
import { STREAM_INPUT_CREDIT_BYTES, STREAMS_PER_NODE_MAX } from '../../shared/protocol/limits.ts';
import {
  type AnyCall,
  CallSchema,
  frame,
  INPUT_FRAME,
  parseMessage,
  REPLY_FRAME,
  type ReplyEnd,
  type TerminalSize,
} from '../../shared/protocol/messages.ts';
import { RuntimeError, type RuntimeStream } from '../runtime/container-runtime.ts';
import { CallRefusal, type CallSource } from './call-source.ts';

export type StreamsDeps = {
  readonly log: Logger;
  /** Ends with the signal. Throws CallRefusal or RuntimeError. */
  readonly open: (call: AnyCall, signal: AbortSignal) => Promise<CallSource>;
  /** Resolves when the socket has taken the frame; rejects when the link is lost. */
  readonly send: (id: string, frame: Uint8Array) => Promise<void>;
};

type OpenCall = {
  readonly credit: Credit;
  readonly input: CreditQueue<{ readonly bytes: Uint8Array }>;
  readonly abort: AbortController;
  process?: RuntimeStream;
  /** Of the caller's terminal, while the process has not got it. */
  size?: TerminalSize;
  isResizing: boolean;
};

export class Streams {
  private readonly deps: StreamsDeps;
  private readonly calls = new Map<string, OpenCall>();
  private sending: Promise<void> = Promise.resolve();

  constructor(deps: StreamsDeps) {
    this.deps = deps;
  }

  /** Acts on one frame of the call `id`; a frame for a call that is not open says nothing. */
  receive(id: string, payload: Uint8Array): void {
    const open = this.calls.get(id);
    if (payload[0] === INPUT_FRAME) {
      if (open && !open.input.push({ bytes: payload.subarray(1) }))
        this.end(id, open, refusal('BadRequest', 'more input was sent than was granted'));
      return;
    }
    const parsed = parseMessage(CallSchema, payload);
    if (!parsed.ok) {
      if (!open) this.sendEnd(id, refusal('BadRequest', parsed.reason));
      return;
    }
    const { message } = parsed;
    if (message.kind === 'open') {
      if (!open) void this.serve(id, message.call, message.creditBytes);
      return;
    }
    if (!open) return;
    switch (message.kind) {
      case 'credit':
        open.credit.add(message.bytes);
        return;
      case 'endInput':
        open.input.finish();
        return;
      case 'resize':
        open.size = message;
        void this.resize(open);
        return;
      case 'close':
        this.free(id, open);
    }
  }

  /** Ends every call without a word: the link is lost, and with it every caller. */
  closeAll(): void {
    for (const [id, open] of this.calls) this.free(id, open);
  }

  private async serve(id: string, call: AnyCall, creditBytes: number): Promise<void> {
    if (this.calls.size >= STREAMS_PER_NODE_MAX) {
      this.sendEnd(id, refusal('TooManyRequests', `the node has ${STREAMS_PER_NODE_MAX} streams open`));
      return;
    }
    const open: OpenCall = {
      credit: new Credit(creditBytes),
      input: new CreditQueue(call.kind === 'logs' ? 0 : STREAM_INPUT_CREDIT_BYTES, bytes =>
        this.grant(id, bytes),
      ),
      abort: new AbortController(),
      isResizing: false,
    };
    this.calls.set(id, open);
    let end: ReplyEnd;
    try {
      end = await this.copy(id, call, open);
    } catch (error) {
      if (open.abort.signal.aborted) return;
      if (!(error instanceof CallRefusal))
        this.deps.log.warn({ err: error, call: call.kind, pod: call.podUid }, 'stream failed');
      end = endOf(error);
    }
    this.end(id, open, end);
  }

  private async copy(id: string, call: AnyCall, open: OpenCall): Promise<ReplyEnd> {
    const { signal } = open.abort;
    const { output, process, takesInput } = await this.deps.open(call, signal);
    if (process) {
      open.process = process;
      void this.resize(open);
      if (takesInput) {
        this.grant(id, STREAM_INPUT_CREDIT_BYTES);
        void this.feed(open, process);
      }
    }
    for await (const { stream, bytes } of output) {
      for (let rest = bytes; rest.byteLength > 0; ) {
        const takenBytes = await open.credit.take(rest.byteLength, signal);
        await this.send(id, frame(REPLY_FRAME[stream], rest.subarray(0, takenBytes)));
        rest = rest.subarray(takenBytes);
      }
    }
    signal.throwIfAborted();
    const exitCode = await process?.exitCode();
    return exitCode === undefined ? {} : { exitCode };
  }

  private async feed({ input, abort }: OpenCall, process: RuntimeStream): Promise<void> {
    try {
      for await (const { bytes } of input.read()) await process.write(bytes);
      if (!abort.signal.aborted) process.endInput();
    } catch (error) {
      // A process may close its input and go on; what more comes waits, and ends with it.
      this.deps.log.debug({ err: error }, 'input of a stream is not read any more');
    }
  }

  /** One resize at a time; of those that come meanwhile only the newest counts. */
  private async resize(open: OpenCall): Promise<void> {
    const { process } = open;
    if (!process || open.isResizing) return;
    open.isResizing = true;
    try {
      for (let { size } = open; size !== undefined; size = open.size) {
        open.size = undefined;
        await process.resize(size);
      }
    } catch (error) {
      this.deps.log.debug({ err: error }, 'terminal not resized');
    } finally {
      open.isResizing = false;
    }
  }

  private end(id: string, open: OpenCall, end: ReplyEnd): void {
    if (this.calls.get(id) !== open) return;
    this.free(id, open);
    this.sendEnd(id, end);
  }

  private free(id: string, open: OpenCall): void {
    this.calls.delete(id);
    open.abort.abort();
    open.input.discard();
  }

  private grant(id: string, bytes: number): void {
    this.sendQuietly(id, frame(REPLY_FRAME.credit, Buffer.from(JSON.stringify({ bytes }))));
  }

  private sendEnd(id: string, end: ReplyEnd): void {
    this.sendQuietly(id, frame(REPLY_FRAME.end, Buffer.from(JSON.stringify(end))));
  }

  /** What cannot be sent is lost with the link, which ends every call. */
  private sendQuietly(id: string, bytes: Uint8Array): void {
    this.send(id, bytes).catch((error: unknown) => {
      this.deps.log.debug({ err: error }, 'frame not sent');
    });
  }

  /** One frame at a time over all calls, in turn: a heartbeat never waits behind more than one. */
  private send(id: string, bytes: Uint8Array): Promise<void> {
    const sent = this.sending.then(() => this.deps.send(id, bytes));
    this.sending = sent.catch(() => {});
    return sent;
  }
}

function refusal(reason: string, message: string): ReplyEnd {
  return { error: { reason, message } };
}

function endOf(error: unknown): ReplyEnd {
  if (error instanceof CallRefusal) return refusal(error.reason, error.message);
  if (!(error instanceof RuntimeError))
    return refusal('InternalError', 'the node failed to serve the stream');
  switch (error.failure) {
    case 'not-found':
      return refusal('NotFound', error.message);
    case 'conflict':
    case 'invalid':
      return refusal('BadRequest', error.message);
    default:
      return refusal('InternalError', error.message);
  }
}
