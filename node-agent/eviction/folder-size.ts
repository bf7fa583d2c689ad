/** How much of the disk a folder takes, by looking at every file: bounded, abortable, and kind to whoever else needs the card. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../shared/error-code.ts';
import { MEASURED_ENTRIES_MAX } from '../limits.ts';

/** st_blocks counts these, whatever the file system's own blocks are. */
const BLOCK_BYTES = 512;

/**
 * Bytes on the disk; a file with several names counts once for each. Links are not followed. What comes after
 * MEASURED_ENTRIES_MAX entries is left out, and so the answer too low; nothing is there: 0. Rejects with the signal's reason.
 */
export async function folderBytes(path: string, signal: AbortSignal): Promise<number> {
  const folders = [path];
  let left = MEASURED_ENTRIES_MAX;
  let bytes = 0;
  for (let folder = folders.pop(); folder !== undefined && left > 0; folder = folders.pop()) {
    try {
      for await (const entry of await opendir(folder)) {
        signal.throwIfAborted();
        if (left-- <= 0) break;
        const inner = join(folder, entry.name);
        if (entry.isDirectory()) folders.push(inner);
        else bytes += await fileBytes(inner);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return bytes;
}

async function fileBytes(path: string): Promise<number> {
  try {
    return (await lstat(path)).blocks * BLOCK_BYTES;
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

/** Pods make and remove files while one looks. */
function isGone(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
