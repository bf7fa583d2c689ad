/** What a fake container runs or answers, played by a test: the far end of a RuntimeStream. */
import type { LogChunk, RuntimeStream } from './container-runtime.ts';

/** One way: each piece waits until it is taken. */
class Pipe<T> {
  private readonly pieces: { readonly piece: T; readonly taken: () => void }[] = [];
  private isEnded = false;
  private wake = () => {};

  /** Resolves when the piece is taken, or nobody will. */
  send(piece: T): Promise<void> {
    if (this.isEnded) return Promise.resolve();
    return new Promise(taken => {
      this.pieces.push({ piece, taken });
      this.wake();
    });
  }

  /** What was sent before is still read. */
  end(): void {
    this.isEnded = true;
    this.wake();
  }

  /** Nobody reads any more. */
  break(): void {
    for (const { taken } of this.pieces.splice(0)) taken();
    this.end();
  }

  async *read(): AsyncGenerator<T> {
    for (;;) {
      const next = this.pieces.shift();
      if (next) {
        next.taken();
        yield next.piece;
      } else if (this.isEnded) return;
      else
        await new Promise<void>(resolve => {
          this.wake = resolve;
        });
    }
  }
}

/** A process or server that a test plays. The port's side of it is `stream`. */
export class FakeProcess {
  readonly stream: RuntimeStream;
  /** True once whoever opened it has left. */
  readonly signal: AbortSignal;
  /** Of its terminal, once that is known. */
  size: { readonly columns: number; readonly rows: number } | undefined;
  private readonly inputPipe = new Pipe<Uint8Array>();
  private readonly outputPipe = new Pipe<LogChunk>();
  private exitCode: number | undefined;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener('abort', () => this.leave(), { once: true });
    if (signal.aborted) this.leave();
    this.stream = {
      output: this.outputPipe.read(),
      write: bytes => this.inputPipe.send(bytes),
      endInput: () => this.inputPipe.end(),
      resize: async size => {
        this.size = size;
      },
      exitCode: async () => this.exitCode,
    };
  }

  /** Text as it is written to the process, until the end of its input. */
  async *input(): AsyncGenerator<string> {
    for await (const bytes of this.inputPipe.read()) yield Buffer.from(bytes).toString();
  }

  /** Resolves when it was taken. */
  print(text: string, stream: LogChunk['stream'] = 'stdout'): Promise<void> {
    return this.outputPipe.send({ stream, bytes: Buffer.from(text) });
  }

  /** Ends its output; what was printed before is still read. */
  exit(exitCode?: number): void {
    this.exitCode = exitCode;
    this.outputPipe.end();
    this.inputPipe.break();
  }

  private leave(): void {
    this.outputPipe.break();
    this.inputPipe.break();
  }
}
