/** The log file of one program: appended to by the program itself, set aside by size, read back for a person. */
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Set aside as `….1` when larger at a start, bytes: a day of ordinary logs, and two of them stay small. */
const MAX_LOG_BYTES = 10 * 1024 * 1024;

/** Opens the file to append to, after setting a large one aside; the caller closes the descriptor. */
export function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path) && statSync(path).size > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

/** The last `count` lines that hold anything; none when there is no file. */
export function lastLines(path: string, count: number): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter(line => line.trim() !== '').slice(-count);
}
