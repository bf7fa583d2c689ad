/** The store's SQL. Every statement runs on an index; `revisions NOT INDEXED` means: by its primary key, the revision. */
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';

/** A row of `revisions`; STRICT tables vouch for its types. */
export type RevisionRow = {
  readonly key: string;
  readonly revision: number;
  /** Null where the key was deleted. */
  readonly value: string | null;
};

/** Rows that stand at revision ?4, of keys from ?1 but not ?2 itself, before ?3: not deleted, none newer. */
const LIVE = `
  FROM revisions AS r INDEXED BY revisions_by_key
  WHERE key >= ?1 AND key IS NOT ?2 AND key < ?3 AND revision <= ?4 AND NOT deleted AND NOT EXISTS (
    SELECT 1 FROM revisions AS newer
    WHERE newer.key = r.key AND newer.revision > r.revision AND newer.revision <= ?4
  )`;

const SQL = {
  state: 'SELECT (SELECT max(revision) FROM revisions) AS newest, revision AS compacted FROM compaction',
  insert: 'INSERT INTO revisions (revision, key, value, deleted) VALUES (?, ?, ?, ?)',
  newestBefore:
    'SELECT key, value, revision FROM revisions WHERE key = ? AND revision < ? ORDER BY revision DESC LIMIT 1',
  listLive: `SELECT key, value, revision ${LIVE} ORDER BY key`,
  countLive: `SELECT count(*) AS n ${LIVE}`,
  rowsAfter: `SELECT key, value, revision FROM revisions NOT INDEXED
    WHERE revision > ? AND key >= ? AND key < ? ORDER BY revision`,
  // Only keys written since the last compaction can have rows to drop, so the cost is that of the revisions compacted.
  dropSuperseded: `
    WITH newest (key, revision) AS (
      SELECT key, max(revision) FROM revisions NOT INDEXED WHERE revision > ?1 AND revision <= ?2 GROUP BY key
    )
    DELETE FROM revisions WHERE revision IN (
      SELECT r.revision FROM newest CROSS JOIN revisions AS r ON r.key = newest.key AND r.revision < newest.revision
    )`,
  dropTombstones: 'DELETE FROM revisions WHERE revision > ? AND revision <= ? AND deleted',
  setCompacted: 'UPDATE compaction SET revision = ?',
} as const;

export type Statements = { readonly [Name in keyof typeof SQL]: StatementSyncInstance };

/** Compiles all of them once. */
export function prepareStatements(database: DatabaseSyncInstance): Statements {
  return {
    state: database.prepare(SQL.state),
    insert: database.prepare(SQL.insert),
    newestBefore: database.prepare(SQL.newestBefore),
    listLive: database.prepare(SQL.listLive),
    countLive: database.prepare(SQL.countLive),
    rowsAfter: database.prepare(SQL.rowsAfter),
    dropSuperseded: database.prepare(SQL.dropSuperseded),
    dropTombstones: database.prepare(SQL.dropTombstones),
    setCompacted: database.prepare(SQL.setCompacted),
  };
}
