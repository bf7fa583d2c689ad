/**
 * The store as a port: versioned keys, in one order, durable. The contract suite in test/contract/store.ts says the rest.
 * Revisions start at 1 and grow by one with each accepted write, over all keys. Nothing here assumes one process.
 * Neither keys nor values may hold the character U+0000 or half a surrogate pair: such a write throws RangeError.
 */

/** One key as of some revision. */
export type Entry = {
  readonly key: string;
  readonly value: string;
  /** The revision that wrote this value. */
  readonly revision: number;
};

export type StoreEvent =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly value: string;
      readonly revision: number;
      readonly previous: Entry | undefined;
    }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: number; readonly previous: Entry };

/** A lost compare-and-set is an expected outcome: `current` is what stands there now. */
export type WriteResult =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly current: Entry | undefined };

export type ListOptions = {
  /** Every key that starts with this. */
  readonly prefix: string;
  /** Keys after this one, in byte order; for the next page. */
  readonly after?: string;
  /** At most this many. */
  readonly limit?: number;
  /**
   * As of this revision; the newest without. Throws CompactedError when it is no longer kept, FutureRevisionError when no
   * write has made it yet. The revision that was compacted to can itself still be listed.
   */
  readonly revision?: number;
};

export type ListResult = {
  /** In byte order of their keys. */
  readonly entries: readonly Entry[];
  /** The revision that the list is a snapshot of. */
  readonly revision: number;
  /** How many more keys there are after the last one. */
  readonly remaining: number;
};

/** Thrown where a revision is asked for that compaction has removed. */
export class CompactedError extends Error {
  override readonly name = 'CompactedError';
  readonly compactedRevision: number;
  constructor(compactedRevision: number) {
    super(`revision is compacted: the oldest kept is ${compactedRevision + 1}`);
    this.compactedRevision = compactedRevision;
  }
}

/** Thrown where a revision is asked for that no write has made yet: it comes from another store, or from one since lost. */
export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError';
  readonly newestRevision: number;
  constructor(newestRevision: number) {
    super(`revision is in the future: the newest is ${newestRevision}`);
    this.newestRevision = newestRevision;
  }
}

/** Thrown when the medium refuses a write (full, read-only, broken): the write did not happen. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

export interface Store {
  /** The newest revision, 0 in an empty store. */
  revision(): Promise<number>;

  get(key: string): Promise<Entry | undefined>;

  list(options: ListOptions): Promise<ListResult>;

  /**
   * Writes `value` if the key's revision still is `expected` (0: the key must not exist). Resolves once it is durable;
   * writes that wait together share one sync. Throws StoreUnavailableError.
   */
  put(key: string, value: string, expected: number): Promise<WriteResult>;

  /** Removes the key if its revision still is `expected`. A key that is not there answers `ok: false`. */
  delete(key: string, expected: number): Promise<WriteResult>;

  /**
   * Every event after `fromRevision` under `prefix`, in revision order, each once, none left out; goes on until aborted, and
   * then ends. Events come in batches: those that became durable together. Throws CompactedError when `fromRevision` is
   * older than what is kept (older than the revision compacted to), also later, to a reader too slow to keep up with
   * compaction; FutureRevisionError when it is newer than the newest. A slow reader holds up nobody else.
   */
  watch(
    options: { prefix: string; fromRevision: number },
    signal: AbortSignal,
  ): AsyncIterable<readonly StoreEvent[]>;

  /**
   * Forgets all that is superseded at or before `revision`, or at the newest if that is older. Current values stay.
   * Compacting to where it was compacted already does nothing. Throws StoreUnavailableError.
   */
  compact(revision: number): Promise<void>;

  /** Waits for the writes under way and closes; later calls throw. */
  close(): Promise<void>;
}
