/** Where one watch stands: reading history, or live with a bounded queue. Synchronous, so that no commit slips between. */
import { WATCH_CHARS_MAX, WATCH_EVENTS_MAX } from './limits.ts';
import type { StoreEvent } from './store.ts';

type Batch = { readonly events: readonly StoreEvent[]; readonly through: number; readonly chars: number };

/** The reader's side is `take`, `awaken` and `moveTo`; the hub's side is `offer` and `wake`. */
export class Tail {
  private live = false;
  private batches: Batch[] = [];
  private events = 0;
  private chars = 0;
  private wakeReader: (() => void) | undefined;

  constructor(
    readonly prefix: string,
    /** The reader has everything up to this revision. */
    private through: number,
  ) {}

  get isLive(): boolean {
    return this.live;
  }

  get position(): number {
    return this.through;
  }

  /** History was read up to this revision; `isLive` when every later commit is going to be offered. */
  moveTo(revision: number, { isLive }: { isLive: boolean }): void {
    this.through = revision;
    this.live = isLive;
  }

  /** Queues what of a commit is for this reader, or stops being live when that would exceed the bounds. */
  offer(commit: readonly StoreEvent[], revision: number): void {
    if (!this.live || revision <= this.through) return;
    const events = commit.filter(event => event.key.startsWith(this.prefix) && event.revision > this.through);
    if (events.length === 0) {
      if (this.batches.length === 0) this.through = revision;
      return;
    }
    const chars = events.reduce((sum, event) => sum + eventChars(event), 0);
    this.batches.push({ events, through: revision, chars });
    this.events += events.length;
    this.chars += chars;
    // A commit larger than the bounds is still handed on when nothing waits before it: it is in memory already.
    const isOver = this.events > WATCH_EVENTS_MAX || this.chars > WATCH_CHARS_MAX;
    if (isOver && this.batches.length > 1) this.fallBehind();
    this.wake();
  }

  /** The next commit's events; none when nothing waits. */
  take(): readonly StoreEvent[] {
    const batch = this.batches.shift();
    if (!batch) return [];
    this.events -= batch.events.length;
    this.chars -= batch.chars;
    this.through = batch.through;
    return batch.events;
  }

  /** Resolves at the next `wake`. */
  awaken(): Promise<void> {
    return new Promise(resolve => {
      this.wakeReader = resolve;
    });
  }

  wake(): void {
    this.wakeReader?.();
    this.wakeReader = undefined;
  }

  private fallBehind(): void {
    this.live = false;
    this.batches = [];
    this.events = 0;
    this.chars = 0;
  }
}

function eventChars(event: StoreEvent): number {
  return (event.kind === 'put' ? event.value.length : 0) + (event.previous?.value.length ?? 0);
}
