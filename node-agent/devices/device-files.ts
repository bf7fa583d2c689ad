/** What the finder reads of /dev and /sys, below a root that tests and virtual devices choose. What is missing or unreadable is an answer, not an error. */
import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';

export type DeviceFiles = {
  /** Before each path, when the engine is told of it. */
  readonly root: string;
  /** Names in a folder, sorted; none when it is missing. */
  readonly list: (folder: string) => readonly string[];
  /** The text without white space at its ends; undefined when it is missing or empty. */
  readonly read: (path: string) => string | undefined;
  /** The path, from the root, that no link leads away from; undefined when there is nothing. */
  readonly realPath: (path: string) => string | undefined;
  readonly isCharacterDevice: (path: string) => boolean;
};

/** Reads synchronously: a few dozen entries of memory, when something was plugged in or out. */
export function deviceFilesBelow(root: string): DeviceFiles {
  const orElse = <T>(fallback: T, read: () => T): T => {
    try {
      return read();
    } catch {
      return fallback;
    }
  };
  return {
    root,
    list: folder => orElse([], () => readdirSync(join(root, folder)).sort()),
    read: path => orElse(undefined, () => readFileSync(join(root, path), 'utf8').trim() || undefined),
    realPath: path =>
      orElse(undefined, () => `/${relative(realpathSync(root), realpathSync(join(root, path)))}`),
    isCharacterDevice: path => orElse(false, () => lstatSync(join(root, path)).isCharacterDevice()),
  };
}
