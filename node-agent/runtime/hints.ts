/** Wake-ups for one reader: any number of hints before it looks again are one. */
export class Hints {
  private pending = false;
  private wake: () => void = () => {};

  /** Makes the reader's loop turn once more. */
  hint(): void {
    this.pending = true;
    this.wake();
  }

  /** Yields once for one or more hints since the last yield; ends, without an error, when `signal` aborts. For one reader only. */
  async *read(signal: AbortSignal): AsyncGenerator<void, void, void> {
    const onAbort = () => this.wake();
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        if (this.pending) {
          this.pending = false;
          yield;
        } else {
          await new Promise<void>(resolve => {
            this.wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
