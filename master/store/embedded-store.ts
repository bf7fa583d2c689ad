/** The Store port over one engine: group commit, watches, paging. Holds no state that is not in the database. */
import { CommitQueue } from './commit-queue.ts';
import type { EngineState, StoreEngine, Write } from './engine.ts';
import { COMPACTION_STEP_REVISIONS, LIST_RESTARTS_MAX, PAGE_ENTRIES_MAX } from './limits.ts';
import {
  CompactedError,
  type Entry,
  type ListOptions,
  type ListResult,
  type Store,
  type StoreEvent,
  StoreUnavailableError,
  type WriteResult,
} from './store.ts';
import { WatchHub } from './watch-hub.ts';

/** A Store that owns the engine it is given. */
export class EmbeddedStore implements Store {
  private readonly commits: CommitQueue;
  private readonly watches: WatchHub;
  private compacted: number;
  private closing: Promise<void> | undefined;

  /** `state` is the engine's, asked before anything was written. */
  constructor(
    private readonly engine: StoreEngine,
    state: EngineState,
  ) {
    const watches = new WatchHub(engine, state.revision);
    this.watches = watches;
    this.compacted = state.compactedRevision;
    this.commits = new CommitQueue({ engine, onCommit: events => watches.publish(events) });
  }

  async revision(): Promise<number> {
    this.checkOpen();
    return this.watches.revision;
  }

  async get(key: string): Promise<Entry | undefined> {
    this.checkOpen();
    return this.engine.get(key);
  }

  async list(options: ListOptions): Promise<ListResult> {
    for (let restarts = 0; ; restarts++) {
      this.checkOpen();
      try {
        return await this.listOnce(options);
      } catch (error) {
        const isOvertaken = error instanceof CompactedError && options.revision === undefined;
        if (!isOvertaken || restarts >= LIST_RESTARTS_MAX) throw error;
      }
    }
  }

  async put(key: string, value: string, expected: number): Promise<WriteResult> {
    checkText('value', value);
    return this.write({ kind: 'put', key, value, expected });
  }

  async delete(key: string, expected: number): Promise<WriteResult> {
    return this.write({ kind: 'delete', key, expected });
  }

  watch(
    options: { prefix: string; fromRevision: number },
    signal: AbortSignal,
  ): AsyncIterable<readonly StoreEvent[]> {
    return this.watches.watch(options, signal);
  }

  async compact(revision: number): Promise<void> {
    const target = Math.min(revision, this.watches.revision);
    while (this.compacted < target) {
      this.checkOpen();
      const step = Math.min(this.compacted + COMPACTION_STEP_REVISIONS, target);
      await this.engine.compact(step);
      this.compacted = Math.max(this.compacted, step);
    }
  }

  close(): Promise<void> {
    this.closing ??= this.drainAndClose();
    return this.closing;
  }

  /** Ends all watches with this error: the engine is gone. */
  fail(error: Error): void {
    this.watches.fail(error);
  }

  private async write(write: Write): Promise<WriteResult> {
    this.checkOpen();
    checkText('key', write.key);
    return this.commits.submit(write);
  }

  private async listOnce({
    prefix,
    after,
    limit = Number.MAX_SAFE_INTEGER,
    revision,
  }: ListOptions): Promise<ListResult> {
    const entries: Entry[] = [];
    let asOf = revision;
    let from = after;
    for (;;) {
      const pageLimit = Math.min(limit - entries.length, PAGE_ENTRIES_MAX);
      const page = await this.engine.list({ prefix, after: from, limit: pageLimit, revision: asOf });
      for (const entry of page.entries) entries.push(entry);
      asOf = page.revision;
      from = entries.at(-1)?.key ?? after;
      if (!page.hasMore) return { entries, revision: asOf, remaining: 0 };
      if (entries.length >= limit) {
        const remaining = await this.engine.count({ prefix, after: from, revision: asOf });
        return { entries, revision: asOf, remaining };
      }
    }
  }

  private async drainAndClose(): Promise<void> {
    await this.commits.drain();
    this.watches.fail(closedError());
    await this.engine.close();
  }

  private checkOpen(): void {
    if (this.closing) throw closedError();
  }
}

function closedError(): StoreUnavailableError {
  return new StoreUnavailableError('the store is closed');
}

/** With the flag `u` a whole pair is one character, and matches no surrogate. */
const HALF_SURROGATE = /\p{Surrogate}/u;

/** SQLite's binding would cut a text at U+0000 and replace half a surrogate pair: neither may pass silently. */
function checkText(what: 'key' | 'value', text: string): void {
  if (text.includes('\0') || HALF_SURROGATE.test(text)) {
    throw new RangeError(`store: a ${what} must not hold U+0000 or half a surrogate pair`);
  }
}
