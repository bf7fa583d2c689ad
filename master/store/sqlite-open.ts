/** Opens the database file: lock, schema, settings. Refuses, and leaves unchanged, whatever is not a whole store of ours. */
import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { asOpenError, openError } from './sqlite-errors.ts';

/** "PKLT": marks the file as ours, https://sqlite.org/pragma.html#pragma_application_id */
const APPLICATION_ID = 0x504b4c54;

const SCHEMA_VERSION = 1;

/**
 * One row for each accepted write; a deletion is a row without a value. The index holds all that counting and finding
 * the newest row of a key need, so that these never read values.
 */
const SCHEMA = `
  CREATE TABLE revisions (
    revision INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    value TEXT,
    deleted INTEGER NOT NULL CHECK (deleted = (value IS NULL))
  ) STRICT;
  CREATE INDEX revisions_by_key ON revisions (key, revision, deleted);
  CREATE TABLE compaction (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL) STRICT;
  INSERT INTO compaction VALUES (1, 0);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * FULL: a commit is synced before it is answered. 2 MiB of page cache suit a device with 1 GB. No mmap: an error of the
 * card would be a SIGBUS. The log is copied back after 1,000 pages (4 MiB), as part of the commit that reaches them, and
 * is cut to 8 MiB when a large commit made it longer; nothing runs on a timer.
 */
const SETTINGS = `
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -2048;
  PRAGMA mmap_size = 0;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 1000;
  PRAGMA journal_size_limit = 8388608;
`;

/**
 * Every database opened, for the process's life: @photostructure/sqlite 1.2.1 crashes the process when a database is
 * garbage-collected while one of its statements lives.
 */
const opened: DatabaseSyncInstance[] = [];

/** Opens or creates the database at `path` (":memory:" for one without a file). Throws StoreOpenError. */
export function openDatabase(path: string): DatabaseSyncInstance {
  const isFile = path !== ':memory:';
  if (isFile) prepareFile(path);
  let database: DatabaseSyncInstance | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    opened.push(database);
    // The lock comes before anything is read, is held until close, and is released by the kernel when the process dies.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;');
    const isNew = checkOwner(database, path);
    // closeDatabase leaves WAL: a file still in it was cut off, by the kind of moment in which a card tears pages.
    if (journalMode(database) === 'wal') checkPages(database, path);
    if (isFile) database.exec('PRAGMA journal_mode = WAL');
    database.exec(SETTINGS);
    if (isNew) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw asOpenError(error, path);
  }
}

/**
 * Closes it so that it can be opened again at once. @photostructure/sqlite 1.2.1 does not finalize statements at close, and
 * SQLite keeps a connection with statements, and its lock, until they are garbage: leaving WAL lets the lock go before.
 */
export function closeDatabase(database: DatabaseSyncInstance): void {
  try {
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT 1 FROM sqlite_schema;');
  } finally {
    database.close();
  }
}

/** Makes the file, readable by its owner alone, as it holds secrets. */
function prepareFile(path: string): void {
  const logBytes = onMedium(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return fileBytes(`${path}-wal`);
  });
  if (logBytes > 0 && fileBytes(path) === 0) {
    // SQLite takes such a file for new and would drop the log.
    throw openError('damaged', path, { found: 'the file is empty or missing, but its -wal file is there' });
  }
  if (!existsSync(path)) onMedium(path, () => closeSync(openSync(path, 'wx', 0o600)));
}

function onMedium<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw openError('unusable', path, { cause });
  }
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** True when the database is empty and shall become a store. */
function checkOwner(database: DatabaseSyncInstance, path: string): boolean {
  const owner: { application_id: number } = database.prepare('PRAGMA application_id').get();
  const version: { user_version: number } = database.prepare('PRAGMA user_version').get();
  const tables: { n: number } = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get();
  if (owner.application_id === 0 && tables.n === 0) return true;
  if (owner.application_id !== APPLICATION_ID) throw openError('foreign', path);
  if (version.user_version > SCHEMA_VERSION) {
    throw openError('newer', path, { found: `format ${version.user_version}, known is ${SCHEMA_VERSION}` });
  }
  return false;
}

function journalMode(database: DatabaseSyncInstance): string {
  const row: { journal_mode: string } = database.prepare('PRAGMA journal_mode').get();
  return row.journal_mode;
}

function checkPages(database: DatabaseSyncInstance, path: string): void {
  const faults: { quick_check: string }[] = database.prepare('PRAGMA quick_check(1)').all();
  const found = faults[0]?.quick_check;
  if (found !== 'ok') throw openError('damaged', path, { found });
}
