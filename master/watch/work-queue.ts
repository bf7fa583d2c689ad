/**
 * Keys waiting for work: each at most once (adding coalesces), never two at a time for one key, a bounded number at once,
 * later on request, and with back-off when the work fails. It never looks at what a key means.
 */
import { type BackoffPolicy, backoffDelayMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';

/** How the work on a key ended. */
export type Outcome =
  | { readonly kind: 'done'; readonly againInMs?: number }
  /** Again after a wait that grows with each retry in a row. */
  | { readonly kind: 'retry'; readonly backoff: BackoffPolicy };

export type WorkQueueDeps = {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Keys worked on at the same time. */
  readonly concurrency: number;
  /** Must not throw but when the signal aborts: anything else ends the queue, for it is a bug. */
  readonly work: (key: string, signal: AbortSignal) => Promise<Outcome>;
};

export class WorkQueue {
  private readonly deps: WorkQueueDeps;
  private readonly waiting = new Set<string>();
  private readonly underWay = new Set<string>();
  private readonly timers = new Map<string, () => void>();
  private readonly retries = new Map<string, number>();
  private readonly stop = new AbortController();
  private started = false;
  private failure: { readonly error: unknown } | undefined;
  private onIdle: (() => void) | undefined;

  constructor(deps: WorkQueueDeps) {
    this.deps = deps;
  }

  /** Works on the key soon: at once, or right after the work on it that is under way. Overrides a delay. */
  add(key: string): void {
    if (this.stop.signal.aborted) return;
    this.cancelTimer(key);
    this.waiting.add(key);
    this.fill();
  }

  /** Works on the key after `delayMs`, unless it is added before; replaces an earlier delay. */
  addAfter(key: string, delayMs: number): void {
    if (this.stop.signal.aborted) return;
    this.cancelTimer(key);
    const cancel = this.deps.clock.after(delayMs, () => {
      this.timers.delete(key);
      this.add(key);
    });
    this.timers.set(key, cancel);
  }

  /** Works until aborted; resolves when the work under way has ended. Keys may be added before. Rejects when `work` threw. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.stop.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.started = true;
    await new Promise<void>(resolve => {
      this.onIdle = resolve;
      this.stop.signal.addEventListener('abort', () => this.settle(), { once: true });
      this.fill();
      this.settle();
    });
    signal.removeEventListener('abort', onAbort);
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
    if (this.failure !== undefined) throw this.failure.error;
  }

  private fill(): void {
    if (!this.started || this.stop.signal.aborted) return;
    for (const key of this.waiting) {
      if (this.underWay.size >= this.deps.concurrency) return;
      if (this.underWay.has(key)) continue;
      this.waiting.delete(key);
      this.underWay.add(key);
      void this.workOn(key);
    }
  }

  private async workOn(key: string): Promise<void> {
    try {
      this.requeue(key, await this.deps.work(key, this.stop.signal));
    } catch (error) {
      if (!this.stop.signal.aborted) this.failure = { error };
      this.stop.abort(error);
    }
    this.underWay.delete(key);
    this.fill();
    this.settle();
  }

  private requeue(key: string, outcome: Outcome): void {
    const attempt = this.retries.get(key) ?? 0;
    if (outcome.kind === 'done') this.retries.delete(key);
    else this.retries.set(key, attempt + 1);
    if (this.waiting.has(key)) return;
    if (outcome.kind === 'retry')
      this.addAfter(key, backoffDelayMs(outcome.backoff, attempt, this.deps.random()));
    else if (outcome.againInMs !== undefined) this.addAfter(key, outcome.againInMs);
  }

  private settle(): void {
    if (this.stop.signal.aborted && this.underWay.size === 0) this.onIdle?.();
  }

  private cancelTimer(key: string): void {
    this.timers.get(key)?.();
    this.timers.delete(key);
  }
}
