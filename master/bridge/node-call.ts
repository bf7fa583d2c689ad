/** The master's end of one call on a node: frames in and out under credit, and how it ended. */
import { ApiError, type StatusReason } from '../../shared/kubernetes/api-error.ts';
import { Credit, CreditQueue } from '../../shared/protocol/credit.ts';
import { STREAM_CREDIT_BYTES } from '../../shared/protocol/limits.ts';
import {
  type AnyCall,
  type CallMessage,
  frame,
  INPUT_FRAME,
  parseMessage,
  REPLY_FRAME,
  ReplyCreditSchema,
  ReplyEndSchema,
  type TerminalSize,
} from '../../shared/protocol/messages.ts';

export type NodeCallDeps = {
  readonly node: string;
  /** Puts a frame in line; it is made when its turn comes. Resolves when the connection has taken it, or lost it. */
  readonly send: (make: () => string | Uint8Array) => Promise<void>;
  /** Called once, when no more frames are wanted. */
  readonly onEnded: () => void;
};

export type CallOutput = { readonly source: 'stdout' | 'stderr'; readonly bytes: Uint8Array };

/** Reasons of an agent that mean to a client of the API what they say; any other is an internal error. */
const REASONS: readonly StatusReason[] = ['NotFound', 'BadRequest', 'TooManyRequests', 'ServiceUnavailable'];

/** A NodeStream of the api-server's; sends its `open` at once. */
export class NodeCall {
  readonly output: AsyncIterable<CallOutput>;
  readonly ended: Promise<{ readonly exitCode?: number }>;
  private readonly deps: NodeCallDeps;
  private readonly queue: CreditQueue<CallOutput>;
  private readonly credit = new Credit(0);
  /** Aborted with what a writer is told. */
  private readonly over = new AbortController();
  private readonly settle: {
    resolve: (end: { exitCode?: number }) => void;
    reject: (error: ApiError) => void;
  };
  private writing: Promise<void> = Promise.resolve();
  private size: TerminalSize | undefined;

  constructor(deps: NodeCallDeps, call: AnyCall) {
    this.deps = deps;
    this.queue = new CreditQueue(STREAM_CREDIT_BYTES, bytes => this.tell({ kind: 'credit', bytes }));
    this.output = this.read();
    const { promise, ...settle } = withResolvers<{ exitCode?: number }>();
    // Whoever only reads the output hears of the error there.
    promise.catch(() => {});
    this.ended = promise;
    this.settle = settle;
    this.tell({ kind: 'open', call, creditBytes: STREAM_CREDIT_BYTES });
  }

  /** One frame of the node. */
  receive(payload: Buffer): void {
    const rest = payload.subarray(1);
    switch (payload[0]) {
      case REPLY_FRAME.stdout:
        this.take({ source: 'stdout', bytes: rest });
        return;
      case REPLY_FRAME.stderr:
        this.take({ source: 'stderr', bytes: rest });
        return;
      case REPLY_FRAME.credit: {
        const parsed = parseMessage(ReplyCreditSchema, rest);
        if (parsed.ok) this.credit.add(parsed.message.bytes);
        return;
      }
      case REPLY_FRAME.end:
        this.takeEnd(rest);
    }
  }

  /** Resolves when the node has granted room for the bytes and they are sent; rejects once the call has ended. */
  write(bytes: Uint8Array): Promise<void> {
    return this.inTurn(() => this.send(bytes));
  }

  /** What was written before goes first. */
  endInput(): void {
    this.inTurn(async () => this.tell({ kind: 'endInput' })).catch(() => {});
  }

  /** Of several that wait for their turn, the newest alone is sent. */
  resize(size: TerminalSize): void {
    const isWaiting = this.size !== undefined;
    this.size = size;
    if (isWaiting || this.over.signal.aborted) return;
    void this.deps.send(() => {
      const { columns, rows } = this.size ?? size;
      this.size = undefined;
      return JSON.stringify({ kind: 'resize', columns, rows } satisfies CallMessage);
    });
  }

  close(): void {
    this.finish({});
    this.queue.discard();
  }

  /** Ends it with an error, for whoever reads and writes. What came before can still be read. */
  fail(error: ApiError): void {
    this.finish({ error });
  }

  private take(chunk: CallOutput): void {
    if (!this.queue.push(chunk))
      this.fail(new ApiError('InternalError', `node "${this.deps.node}" sent more than it was granted`));
  }

  private takeEnd(payload: Buffer): void {
    const parsed = parseMessage(ReplyEndSchema, payload);
    if (!parsed.ok) {
      this.fail(new ApiError('InternalError', `end of stream: ${parsed.reason}`));
      return;
    }
    const { exitCode, error } = parsed.message;
    const reason = REASONS.find(known => known === error?.reason) ?? 'InternalError';
    this.finish({ exitCode, error: error && new ApiError(reason, error.message) }, { isTold: false });
  }

  private finish(
    { exitCode, error }: { readonly exitCode?: number; readonly error?: ApiError },
    { isTold } = { isTold: true },
  ): void {
    if (this.over.signal.aborted) return;
    if (isTold) this.tell({ kind: 'close' });
    this.over.abort(error ?? new ApiError('BadRequest', 'the stream has ended'));
    this.queue.finish(error);
    if (error) this.settle.reject(error);
    else this.settle.resolve(exitCode === undefined ? {} : { exitCode });
    this.deps.onEnded();
  }

  private async *read(): AsyncGenerator<CallOutput> {
    try {
      yield* this.queue.read();
    } finally {
      this.close();
    }
  }

  private async send(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.byteLength > 0; ) {
      const takenBytes = await this.credit.take(rest.byteLength, this.over.signal);
      const piece = rest.subarray(0, takenBytes);
      await this.deps.send(() => frame(INPUT_FRAME, piece));
      rest = rest.subarray(takenBytes);
    }
  }

  private inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.writing.then(act);
    this.writing = done.catch(() => {});
    return done;
  }

  private tell(message: CallMessage): void {
    if (!this.over.signal.aborted) void this.deps.send(() => JSON.stringify(message));
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: ApiError) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
