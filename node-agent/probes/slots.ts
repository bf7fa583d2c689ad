/** So many at once and no more; the others wait their turn, first come, first served. */
export class Slots {
  private free: number;
  private readonly waiting = new Set<() => void>();

  constructor(count: number) {
    this.free = count;
  }

  /** Runs `act` when there is room. Rejects with the signal's reason when aborted while it waits. */
  async use<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.free > 0) this.free--;
    else await this.turn(signal);
    try {
      return await act();
    } finally {
      const [next] = this.waiting;
      if (next) {
        this.waiting.delete(next);
        next();
      } else this.free++;
    }
  }

  private turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.waiting.delete(onTurn);
        reject(signal.reason);
      };
      const onTurn = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      this.waiting.add(onTurn);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
