/** How full the disk below a folder is. */
import { statfs } from 'node:fs/promises';
import { errorCode } from '../../shared/error-code.ts';
import type { DiskUsage } from './plan-image-collection.ts';

/** Bytes as `df` has them; undefined for a folder that is not on this machine. */
export async function diskUsage(folder: string): Promise<DiskUsage | undefined> {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(folder);
    // What is kept for root is neither used nor to be had.
    return { capacityBytes: (blocks - bfree + bavail) * bsize, availableBytes: bavail * bsize };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
