/** The kernel's files of a device, below a root that tests may choose. A file that is missing or unreadable is an answer, not an error: every device lacks some. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type SystemFiles = {
  /** The text without NULs and white space at its ends; undefined when it is missing, unreadable or empty. */
  readonly read: (path: string) => string | undefined;
  /** Names in a folder, sorted; none when it is missing. */
  readonly list: (folder: string) => readonly string[];
};

/** Reads synchronously: /proc and /sys are memory, and a turn of the thread pool costs more than the read. */
export function systemFilesBelow(root: string): SystemFiles {
  return {
    // Drivers answer with all sorts of errors for what a board does not have: each means that it is not there.
    read(path) {
      try {
        return readFileSync(join(root, path), 'utf8').replaceAll('\0', '').trim() || undefined;
      } catch {
        return undefined;
      }
    },
    list(folder) {
      try {
        return readdirSync(join(root, folder)).sort();
      } catch {
        return [];
      }
    },
  };
}
