/** What was seen, and when, for a benchmark that waits for it. */

export class Timeline<T> {
  private entries: T[] = [];
  private readonly waiting = new Set<() => void>();
  private failure: { readonly error: unknown } | undefined;

  note(entry: T): void {
    this.entries.push(entry);
    for (const look of this.waiting) look();
  }

  /** Nothing will be seen any more: every wait, also a later one, rejects with the error. */
  fail(error: unknown): void {
    this.failure ??= { error };
    for (const look of this.waiting) look();
  }

  /** Forgets what was seen so far. */
  clear(): void {
    this.entries = [];
  }

  /** Resolves with what `find` makes of the entries as soon as that is not undefined; rejects with the signal's reason. */
  until<R>(find: (entries: readonly T[]) => R | undefined, signal: AbortSignal): Promise<R> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find(this.entries);
        if (found === undefined && this.failure === undefined) return;
        end();
        if (found === undefined) reject(this.failure?.error);
        else resolve(found);
      };
      const onAbort = () => {
        end();
        reject(signal.reason);
      };
      const end = () => {
        this.waiting.delete(look);
        signal.removeEventListener('abort', onAbort);
      };
      if (signal.aborted) return onAbort();
      this.waiting.add(look);
      signal.addEventListener('abort', onAbort, { once: true });
      look();
    });
  }
}
