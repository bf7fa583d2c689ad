/** What an agent keeps in shared memory outlives it, as a device's pods need: tests take it away. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryFolderOf } from '../../node-agent/volumes/memory-folder.ts';
import { deletePodFolder, podFolders } from '../../node-agent/volumes/write-volumes.ts';

/** Of the agent whose data lies, or lay, in `dataDir`; with the file systems of its volumes. */
export async function removeDeviceMemory(dataDir: string): Promise<void> {
  const folder = memoryFolderOf(dataDir);
  const pods = join(folder, 'pods');
  for (const uid of await podFolders(pods)) await deletePodFolder(pods, uid);
  await rm(folder, { recursive: true, force: true });
}
