import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StoreOpenError } from './engine.ts';
import { openSqliteEngine } from './sqlite-engine.ts';
import { openDatabase } from './sqlite-open.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pikelet-store-'));
  path = join(folder, 'store.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const reasonFor = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    if (error instanceof StoreOpenError) return error.reason;
    throw error;
  }
  return undefined;
};

it("refuses another program's database and leaves it as it is", () => {
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE notes (text TEXT)');
  other.close();
  const before = readFileSync(path);
  expect(reasonFor(() => openDatabase(path))).toBe('foreign');
  expect(readFileSync(path).equals(before)).toBe(true);
});

it('refuses a store of a later format', () => {
  openSqliteEngine(path).close();
  const newer = new DatabaseSync(path);
  newer.exec('PRAGMA user_version = 2');
  newer.close();
  expect(reasonFor(() => openDatabase(path))).toBe('newer');
});

it('leaves no log behind when it is closed, and finds its entries again', () => {
  const engine = openSqliteEngine(path);
  engine.apply([{ kind: 'put', key: 'a', value: 'v', expected: 0 }]);
  engine.close();
  expect(() => readFileSync(`${path}-wal`)).toThrow('ENOENT');
  const again = openSqliteEngine(path);
  expect(again.get('a')).toEqual({ key: 'a', value: 'v', revision: 1 });
  again.close();
});
