/** Time as a port. Nothing outside this file calls setTimeout or Date.now, so that tests can own time. */

export interface Clock {
  /** Wall time, milliseconds since 1970. On a device it may jump by years: compare it only with itself for display. */
  nowMs(): number;
  /** Milliseconds that only grow; for every duration and deadline. Its zero has no meaning. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `ms`; the returned function cancels. Does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}

/** A sleep that an abort only ends early, for loops whose own condition looks at the signal. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A clock that tests move by hand; both of its times start at `startMs`. */
export class FakeClock implements Clock {
  private now: number;
  private nextId = 1;
  private readonly timers = new Map<number, { atMs: number; callback: () => void }>();

  constructor(startMs = 1_700_000_000_000) {
    this.now = startMs;
  }

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return this.now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  after(ms: number, callback: () => void): () => void {
    const id = this.nextId++;
    this.timers.set(id, { atMs: this.now + ms, callback });
    return () => this.timers.delete(id);
  }

  /** Moves time forward by `ms`, firing every timer that falls due, in order, and letting promises settle between them. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.now + ms;
    for (;;) {
      await settle();
      const due = [...this.timers].filter(([, timer]) => timer.atMs <= untilMs);
      const [id, timer] = due.sort(([a, x], [b, y]) => x.atMs - y.atMs || a - b)[0] ?? [];
      if (id === undefined || timer === undefined) break;
      this.timers.delete(id);
      this.now = Math.max(this.now, timer.atMs);
      timer.callback();
    }
    this.now = untilMs;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
}
