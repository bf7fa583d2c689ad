/** Tells an image that this command prepared from any other file. */
import { withBootPartition } from './boot-partition.ts';
import { FlashError } from './flash-error.ts';
import { PAYLOAD_FOLDER } from './plan.ts';

/** False for every file that is no image with our payload, whatever it is. */
export async function detectOurs(path: string): Promise<boolean> {
  try {
    return await withBootPartition(path, 'read', boot => boot.list().includes(PAYLOAD_FOLDER));
  } catch (error) {
    if (error instanceof FlashError) return false;
    throw error;
  }
}
