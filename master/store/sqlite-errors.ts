/** SQLite's result codes (https://sqlite.org/rescode.html) as the store's own errors. */
import { type OpenFailure, StoreOpenError } from './engine.ts';
import { StoreUnavailableError } from './store.ts';

/** Codes that speak of the medium or the machine; any other is a fault of ours. */
const MEDIUM_CODES: ReadonlySet<string> = new Set([
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_PERM',
  'SQLITE_NOMEM',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_BUSY',
  'SQLITE_PROTOCOL',
  'SQLITE_TOOBIG',
]);

function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('sqliteCodeName' in error)) return undefined;
  return typeof error.sqliteCodeName === 'string' ? error.sqliteCodeName : undefined;
}

/** StoreUnavailableError when the medium refused; any other error as it is. */
export function asStoreError(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined || !MEDIUM_CODES.has(code)) return error;
  const text = error instanceof Error ? error.message : code;
  return new StoreUnavailableError(`store ${path}: ${text} (${code})`, { cause: error });
}

/** StoreOpenError with what to do about it when SQLite could not open the file; any other error as it is. */
export function asOpenError(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined || error instanceof StoreOpenError) return error;
  return openError(openFailure(code), path, { cause: error });
}

function openFailure(code: string): OpenFailure {
  if (code === 'SQLITE_BUSY') return 'locked';
  return code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB' ? 'damaged' : 'unusable';
}

const ADVICE: Record<OpenFailure, string> = {
  locked: 'is in use by another process: stop the other master, or start this one with its own --data-dir',
  damaged:
    'is damaged; nothing was removed: put a backup in its place, or move it and its -wal file away together to start an empty cluster',
  foreign:
    'is not a store of Pikelet and was left as it is: choose another --data-dir, or move the file away',
  newer: 'was written by a newer Pikelet and was left as it is: run that version, or a newer one',
  unusable: 'cannot be opened: see that its folder can be written and that the medium works and has space',
};

/** The error for one reason, with its advice and, in brackets, what was found. */
export function openError(
  reason: OpenFailure,
  path: string,
  { found, cause }: { found?: string; cause?: unknown } = {},
): StoreOpenError {
  const detail = found ?? (cause instanceof Error ? cause.message : undefined);
  const text = `store ${path} ${ADVICE[reason]}`;
  return new StoreOpenError(reason, detail === undefined ? text : `${text} (${detail})`, { cause });
}
