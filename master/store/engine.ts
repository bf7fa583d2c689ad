/** What the embedded store asks of its database, and the errors that come back. Engines check nothing twice: the store did. */
import type { Entry, StoreEvent } from './store.ts';

export type Write =
  | { readonly kind: 'put'; readonly key: string; readonly value: string; readonly expected: number }
  | { readonly kind: 'delete'; readonly key: string; readonly expected: number };

export type WriteOutcome =
  | { readonly ok: true; readonly revision: number; readonly previous: Entry | undefined }
  | { readonly ok: false; readonly current: Entry | undefined };

export type ListQuery = {
  readonly prefix: string;
  readonly after: string | undefined;
  readonly limit: number;
  readonly revision: number | undefined;
};

export type ListPage = {
  readonly entries: readonly Entry[];
  readonly revision: number;
  /** Keys follow that the limit, or the bound of a page, left out. */
  readonly hasMore: boolean;
};

export type CountQuery = {
  readonly prefix: string;
  readonly after: string | undefined;
  readonly revision: number;
};

export type HistoryQuery = { readonly prefix: string; readonly after: number };

export type HistoryPage = {
  readonly events: readonly StoreEvent[];
  /** Every event up to this revision is in this page or an earlier one. */
  readonly through: number;
};

export type EngineState = { readonly revision: number; readonly compactedRevision: number };

/** A database that answers at once, on the thread that asks. */
export interface SyncEngine {
  state(): EngineState;
  /** One transaction, synced once: each write is checked against what the ones before it left. Throws StoreUnavailableError. */
  apply(writes: readonly Write[]): readonly WriteOutcome[];
  get(key: string): Entry | undefined;
  /** A page of at most `limit` keys. Throws CompactedError, FutureRevisionError. */
  list(query: ListQuery): ListPage;
  /** How many keys there are after `after`. Throws as `list` does. */
  count(query: CountQuery): number;
  /** A page of events after a revision. Throws CompactedError, FutureRevisionError. */
  history(query: HistoryQuery): HistoryPage;
  /** Compacts to `revision` in one transaction; does nothing when that has happened already. Throws StoreUnavailableError. */
  compact(revision: number): void;
  close(): void;
}

/** The same, wherever the database runs. Questions are answered in the order in which they are asked. */
export type StoreEngine = {
  readonly [Method in keyof SyncEngine]: (
    ...input: Parameters<SyncEngine[Method]>
  ) => Promise<ReturnType<SyncEngine[Method]>>;
};

/** Why a store cannot be opened. Nothing of its content has been changed or removed. */
export type OpenFailure = 'locked' | 'damaged' | 'foreign' | 'newer' | 'unusable';

/** Thrown when a store cannot be opened; the message names the file and says what to do. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
  readonly reason: OpenFailure;
  constructor(reason: OpenFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * Thrown to all who wait when the engine ended by itself. Whether the writes under way became durable is known only after
 * opening again, so the process should end.
 */
export class StoreFailedError extends Error {
  override readonly name = 'StoreFailedError';
}
