/** A node in memory whose processes are scripts: the other end of exec, attach and port-forward in tests of the API server. */
import type { NodeStream, OpenStream } from '../../master/api-server/streams/node-stream.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { StreamCall } from '../../shared/protocol/messages.ts';

type Size = { readonly columns: number; readonly rows: number };
type Piece = { readonly source: 'stdout' | 'stderr'; readonly bytes: Uint8Array };

/** One call as its script sees it. */
export type ScriptedProcess = {
  readonly node: string;
  readonly call: StreamCall;
  /** Ends when the caller has ended its input, or the call. */
  readonly input: AsyncIterable<Uint8Array>;
  /** What the caller's terminal measured, oldest first. */
  readonly sizes: readonly Size[];
  /** Aborts when the caller has ended the call. */
  readonly closed: AbortSignal;
  /** Resolves when the caller has taken it: as slowly as it reads. */
  print(source: 'stdout' | 'stderr', content: string | Uint8Array): Promise<void>;
};

/** Its result is the exit code; what it throws ends the call. */
export type Script = (process: ScriptedProcess) => Promise<number | undefined>;

/** Hands over one item at a time: `put` resolves when it is taken, or nobody will take it. */
class Handover<T> implements AsyncIterable<T> {
  private readonly items: { readonly item: T; readonly taken: () => void }[] = [];
  private isEnded = false;
  private wake = () => {};

  put(item: T): Promise<void> {
    if (this.isEnded) return Promise.resolve();
    return new Promise(taken => {
      this.items.push({ item, taken });
      this.wake();
    });
  }

  end(): void {
    this.isEnded = true;
    this.wake();
  }

  /** Drops what nobody has taken. */
  break(): void {
    for (const { taken } of this.items.splice(0)) taken();
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const next = this.items.shift();
        if (next !== undefined) {
          next.taken();
          yield next.item;
        } else if (this.isEnded) return;
        else
          await new Promise<void>(resolve => {
            this.wake = resolve;
          });
      }
    } finally {
      this.break();
    }
  }
}

export type ScriptedNode = {
  readonly openStream: OpenStream;
  /** Every call that was made, oldest first. */
  readonly calls: readonly StreamCall[];
  /** Calls that have not ended. */
  openCalls(): number;
  /** What was taken of all that processes printed. */
  printedBytes(): number;
};

export function scriptedNode(script: Script): ScriptedNode {
  const calls: StreamCall[] = [];
  let open = 0;
  let printed = 0;
  const openStream: OpenStream = ({ node, call, signal }): NodeStream => {
    calls.push(call);
    open++;
    const [input, output] = [new Handover<Uint8Array>(), new Handover<Piece>()];
    const sizes: Size[] = [];
    const closing = new AbortController();
    const close = () => {
      closing.abort();
      input.break();
      output.break();
    };
    signal.addEventListener('abort', close, { once: true });
    const print = async (source: 'stdout' | 'stderr', content: string | Uint8Array) => {
      await output.put({ source, bytes: Buffer.from(content) });
      printed += content.length;
    };
    const ended = script({ node, call, input, sizes, closed: closing.signal, print })
      .then(exitCode => ({ exitCode }))
      .finally(() => {
        open--;
        input.break();
        output.end();
      });
    ended.catch(() => {});
    return {
      output: outputOf(output, ended, close),
      ended,
      async write(bytes) {
        if (closing.signal.aborted) throw new ApiError('BadRequest', 'the call has ended');
        await input.put(Buffer.from(bytes));
      },
      endInput: () => input.end(),
      resize: size => sizes.push(size),
      close,
    };
  };
  return { openStream, calls, openCalls: () => open, printedBytes: () => printed };
}

async function* outputOf(
  output: AsyncIterable<Piece>,
  ended: Promise<unknown>,
  close: () => void,
): AsyncGenerator<Piece> {
  try {
    yield* output;
    await ended;
  } finally {
    close();
  }
}
