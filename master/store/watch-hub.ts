/**
 * Watches: history from the database, then live, with no gap and no double. A reader that falls behind loses what waits for
 * it and reads it from the database again, so that it holds up nobody and memory stays bounded.
 */
import type { StoreEngine } from './engine.ts';
import type { StoreEvent } from './store.ts';
import { Tail } from './tail.ts';

type WatchOptions = { readonly prefix: string; readonly fromRevision: number };

/** Hands every commit to every watch. */
export class WatchHub {
  private readonly tails = new Set<Tail>();
  private newest: number;
  private failure: Error | undefined;

  constructor(
    private readonly engine: Pick<StoreEngine, 'history'>,
    revision: number,
  ) {
    this.newest = revision;
  }

  /** The newest revision that watches have been told of. */
  get revision(): number {
    return this.newest;
  }

  /** Takes the events of one commit, in order; commits come in order and without a gap. */
  publish(events: readonly StoreEvent[]): void {
    this.newest = events.at(-1)?.revision ?? this.newest;
    for (const tail of this.tails) tail.offer(events, this.newest);
  }

  /** Ends all watches, present and future, with this error. */
  fail(error: Error): void {
    this.failure ??= error;
    for (const tail of this.tails) tail.wake();
  }

  /** As `Store.watch`. */
  async *watch(
    { prefix, fromRevision }: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StoreEvent[]> {
    const tail = new Tail(prefix, fromRevision);
    const wake = () => tail.wake();
    this.tails.add(tail);
    signal.addEventListener('abort', wake, { once: true });
    try {
      while (!signal.aborted) {
        if (this.failure) throw this.failure;
        // Asked before the await: what is published during it wakes nobody.
        const isCaughtUp = tail.isLive;
        const events = isCaughtUp ? tail.take() : await this.readHistory(tail);
        if (signal.aborted) return;
        if (events.length > 0) yield events;
        else if (isCaughtUp) await tail.awaken();
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.tails.delete(tail);
    }
  }

  private async readHistory(tail: Tail): Promise<readonly StoreEvent[]> {
    const { events, through } = await this.engine.history({ prefix: tail.prefix, after: tail.position });
    tail.moveTo(through, { isLive: through >= this.newest });
    return events;
  }
}
