/** Where the agent keeps what must not touch a card: a folder of its own in the system's shared memory. */
import { chmod, lstat, mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../shared/digest.ts';
import { errorCode } from '../../shared/error-code.ts';

const SHARED_MEMORY = '/dev/shm';
/** Of a file system in memory: TMPFS_MAGIC in linux/magic.h. */
const TMPFS = 0x01021994;

/** The folder of the agent whose data lies in `dataDir`: two agents on a machine have two. */
export function memoryFolderOf(dataDir: string): string {
  return join(SHARED_MEMORY, `pikelet-${digestOf(dataDir).slice(0, 16)}`);
}

/**
 * Makes the folder, for the agent alone. A machine without shared memory gets one on disk, with `onDisk` called. Throws when
 * somebody else's stands in its place: everybody may write beside it.
 */
export async function openMemoryFolder(dataDir: string, onDisk: (folder: string) => void): Promise<string> {
  const isInMemory = (await statfs(SHARED_MEMORY).catch(() => undefined))?.type === TMPFS;
  const folder = isInMemory ? memoryFolderOf(dataDir) : join(dataDir, 'memory');
  if (!isInMemory) onDisk(folder);
  await mkdir(folder, { recursive: !isInMemory, mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== process.geteuid?.())
    throw new Error(`${folder} is there and is not this user's folder: remove it`);
  await chmod(folder, 0o700);
  return folder;
}
