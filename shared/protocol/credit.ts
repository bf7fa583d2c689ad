/** Flow control of streams, the same on both sides: a sender spends credit, a reader gives it as it takes. */
import { STREAM_FRAME_BYTES } from './limits.ts';

/** The sender's end: what it may still send. */
export class Credit {
  private bytes: number;
  private wake = () => {};

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  add(bytes: number): void {
    this.bytes += bytes;
    this.wake();
  }

  /** Takes credit for a frame of `wantedBytes` at most, waiting until there is some. Rejects when aborted. One caller at a time. */
  async take(wantedBytes: number, signal: AbortSignal): Promise<number> {
    const onAbort = () => this.wake();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (this.bytes <= 0 && !signal.aborted) {
        await new Promise<void>(resolve => {
          this.wake = resolve;
        });
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    signal.throwIfAborted();
    const taken = Math.min(wantedBytes, this.bytes, STREAM_FRAME_BYTES);
    this.bytes -= taken;
    return taken;
  }
}

/** The reader's end: what came and was not taken yet, never more than was granted. */
export class CreditQueue<T extends { readonly bytes: Uint8Array }> {
  private readonly limitBytes: number;
  private readonly grant: (bytes: number) => void;
  private readonly chunks: T[] = [];
  /** Came, and was not granted anew. */
  private spentBytes = 0;
  private end: { readonly error?: Error } | undefined;
  private wake = () => {};

  /** `limitBytes` are granted from the start; `grant` is called with what may come beyond, in steps of half of that. */
  constructor(limitBytes: number, grant: (bytes: number) => void) {
    this.limitBytes = limitBytes;
    this.grant = grant;
  }

  /** False, and nothing is kept, when this is more than was granted. What comes after the end is dropped. */
  push(chunk: T): boolean {
    if (this.end !== undefined) return true;
    this.spentBytes += chunk.bytes.length;
    if (this.spentBytes > this.limitBytes) return false;
    this.chunks.push(chunk);
    this.wake();
    return true;
  }

  /** Nothing more comes; the first call counts. The reader gets what came before, then the error if there is one. */
  finish(error?: Error): void {
    this.end ??= { error };
    this.wake();
  }

  /** Nothing more is wanted: the reader ends at once. */
  discard(): void {
    this.chunks.length = 0;
    this.finish();
  }

  /** To be read once. */
  async *read(): AsyncGenerator<T, void, void> {
    for (let takenBytes = 0; ; ) {
      while (this.chunks.length === 0 && this.end === undefined) {
        await new Promise<void>(resolve => {
          this.wake = resolve;
        });
      }
      const chunk = this.chunks.shift();
      if (chunk === undefined) break;
      yield chunk;
      takenBytes += chunk.bytes.length;
      if (takenBytes < this.limitBytes / 2) continue;
      this.spentBytes -= takenBytes;
      this.grant(takenBytes);
      takenBytes = 0;
    }
    if (this.end?.error !== undefined) throw this.end.error;
  }
}
