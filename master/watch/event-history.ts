/** The last events, in order, and the readers that wait for more: what a watch reads from. */

/** Events kept for watches that start in the past; a client that is further behind lists again (410 Gone). */
const MAX_EVENTS = 4096;

export class EventHistory<T extends { readonly revision: number }> {
  private events: T[] = [];
  /** Everything after this revision is still here. */
  private completeAfter = 0;
  private readonly waiting = new Set<() => void>();

  /** Forgets all: events up to and including `revision` are not known. */
  startAt(revision: number): void {
    this.events = [];
    this.completeAfter = revision;
  }

  push(event: T): void {
    this.events.push(event);
    if (this.events.length <= MAX_EVENTS * 2) return;
    this.completeAfter = this.events[this.events.length - MAX_EVENTS - 1]?.revision ?? this.completeAfter;
    this.events = this.events.slice(-MAX_EVENTS);
  }

  /** Wakes every reader; called once per batch. */
  announce(): void {
    for (const resume of [...this.waiting]) resume();
  }

  /** Every kept event after `revision`; undefined when some of them are no longer kept. */
  after(revision: number): readonly T[] | undefined {
    if (revision < this.completeAfter) return undefined;
    let low = 0;
    for (let high = this.events.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.events[middle]?.revision ?? 0) > revision) high = middle;
      else low = middle + 1;
    }
    return this.events.slice(low);
  }

  /** Resolves at the next announcement, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal.aborted) return resolve();
      const resume = () => {
        signal.removeEventListener('abort', resume);
        this.waiting.delete(resume);
        resolve();
      };
      signal.addEventListener('abort', resume, { once: true });
      this.waiting.add(resume);
    });
  }
}
