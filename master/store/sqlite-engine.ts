/** The store's revisions in SQLite, synchronously. Knows nothing of watchers, queues or threads. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { InvariantError } from '../../shared/assert-never.ts';
import type {
  CountQuery,
  EngineState,
  HistoryPage,
  HistoryQuery,
  ListPage,
  ListQuery,
  SyncEngine,
  Write,
  WriteOutcome,
} from './engine.ts';
import { compareKeys, prefixRange } from './key-range.ts';
import { PAGE_CHARS_MAX, PAGE_ENTRIES_MAX } from './limits.ts';
import { asStoreError } from './sqlite-errors.ts';
import { closeDatabase, openDatabase } from './sqlite-open.ts';
import { prepareStatements, type RevisionRow, type Statements } from './sqlite-statements.ts';
import { CompactedError, type Entry, FutureRevisionError, type StoreEvent } from './store.ts';

/** Opens or creates the store at `path` (":memory:" for one without a file). Throws StoreOpenError. */
export function openSqliteEngine(path: string): SyncEngine {
  return new SqliteEngine(openDatabase(path), path);
}

class SqliteEngine implements SyncEngine {
  private readonly statements: Statements;
  private newest: number;
  private compacted: number;

  constructor(
    private readonly database: DatabaseSyncInstance,
    private readonly path: string,
  ) {
    this.statements = prepareStatements(database);
    const state: { newest: number | null; compacted: number } = this.statements.state.get();
    this.compacted = state.compacted;
    // Compaction may have removed the row of the newest revision, when that was a deletion.
    this.newest = Math.max(state.newest ?? 0, state.compacted);
  }

  state(): EngineState {
    return { revision: this.newest, compactedRevision: this.compacted };
  }

  apply(writes: readonly Write[]): readonly WriteOutcome[] {
    let newest = this.newest;
    const outcomes = this.transaction(() =>
      writes.map(write => {
        const outcome = this.applyOne(write, newest + 1);
        if (outcome.ok) newest = outcome.revision;
        return outcome;
      }),
    );
    this.newest = newest;
    return outcomes;
  }

  get(key: string): Entry | undefined {
    return this.read(() => this.current(key));
  }

  list({ prefix, after, limit, revision = this.newest }: ListQuery): ListPage {
    this.checkKept(revision);
    return this.read(() => {
      const entries: Entry[] = [];
      let chars = 0;
      for (const row of this.liveRows({ prefix, after, revision })) {
        const isFull = entries.length >= Math.min(limit, PAGE_ENTRIES_MAX) || chars >= PAGE_CHARS_MAX;
        const entry = isFull ? undefined : asEntry(row);
        if (entry === undefined) return { entries, revision, hasMore: true };
        entries.push(entry);
        chars += entry.value.length;
      }
      return { entries, revision, hasMore: false };
    });
  }

  count({ prefix, after, revision }: CountQuery): number {
    this.checkKept(revision);
    return this.read(() => {
      const row: { n: number } = this.statements.countLive.get(...liveBounds({ prefix, after, revision }));
      return row.n;
    });
  }

  history({ prefix, after }: HistoryQuery): HistoryPage {
    this.checkKept(after);
    return this.read(() => {
      const events: StoreEvent[] = [];
      let chars = 0;
      for (const row of this.rowsAfter(after, prefix)) {
        const event = this.asEvent(row);
        events.push(event);
        chars += (row.value?.length ?? 0) + (event.previous?.value.length ?? 0);
        if (events.length >= PAGE_ENTRIES_MAX || chars >= PAGE_CHARS_MAX) {
          return { events, through: row.revision };
        }
      }
      return { events, through: this.newest };
    });
  }

  compact(revision: number): void {
    const to = Math.min(revision, this.newest);
    const from = this.compacted;
    if (to <= from) return;
    this.transaction(() => {
      this.statements.dropSuperseded.run(from, to);
      this.statements.dropTombstones.run(from, to);
      this.statements.setCompacted.run(to);
    });
    this.compacted = to;
  }

  close(): void {
    this.read(() => closeDatabase(this.database));
  }

  private applyOne(write: Write, revision: number): WriteOutcome {
    const current = this.current(write.key);
    const isMissing = write.kind === 'delete' && current === undefined;
    if (isMissing || (current?.revision ?? 0) !== write.expected) return { ok: false, current };
    const value = write.kind === 'put' ? write.value : null;
    this.statements.insert.run(revision, write.key, value, value === null ? 1 : 0);
    return { ok: true, revision, previous: current };
  }

  private current(key: string): Entry | undefined {
    return this.entryBefore(key, Number.MAX_SAFE_INTEGER);
  }

  private entryBefore(key: string, revision: number): Entry | undefined {
    const row: RevisionRow | undefined = this.statements.newestBefore.get(key, revision);
    return row && asEntry(row);
  }

  private liveRows(query: CountQuery): Iterable<RevisionRow> {
    return this.statements.listLive.iterate(...liveBounds(query));
  }

  private rowsAfter(revision: number, prefix: string): Iterable<RevisionRow> {
    const { from, until } = prefixRange(prefix);
    return this.statements.rowsAfter.iterate(revision, from, until ?? AFTER_ALL_KEYS);
  }

  private asEvent({ revision, key, value }: RevisionRow): StoreEvent {
    const previous = this.entryBefore(key, revision);
    if (value !== null) return { kind: 'put', key, value, revision, previous };
    // Superseded after the compacted revision, so never removed before the deletion itself is.
    if (!previous)
      throw new InvariantError(`store: revision ${revision} deletes ${key}, which was not there`);
    return { kind: 'delete', key, revision, previous };
  }

  private checkKept(revision: number): void {
    if (revision < this.compacted) throw new CompactedError(this.compacted);
    if (revision > this.newest) throw new FutureRevisionError(this.newest);
  }

  private read<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw asStoreError(error, this.path);
    }
  }

  private transaction<T>(body: () => T): T {
    try {
      this.database.exec('BEGIN IMMEDIATE');
      const result = body();
      this.database.exec('COMMIT');
      return result;
    } catch (error) {
      // Some errors have rolled back already: https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw asStoreError(error, this.path);
    }
  }
}

/** An empty blob: SQLite sorts every blob after every text. */
const AFTER_ALL_KEYS = new Uint8Array(0);

function liveBounds(query: CountQuery): [string, string | null, string | Uint8Array, number] {
  const { prefix, after, revision } = query;
  const { from, until } = prefixRange(prefix);
  const isInside = after !== undefined && compareKeys(after, from) >= 0;
  return [isInside ? after : from, after ?? null, until ?? AFTER_ALL_KEYS, revision];
}

function asEntry({ key, value, revision }: RevisionRow): Entry | undefined {
  return value === null ? undefined : { key, value, revision };
}
