/** The part of a compressed image that a dry run needs: its start, up to the end of the boot partition. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readImage } from './image-source.ts';
import { parsePartitions, SECTOR_BYTES } from './partition-table.ts';

/** Expands the start of `image` into a file of its own, lets `use` read it, and removes it. */
export async function withImageStart<T>(image: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'pikelet-flash-'));
  try {
    const path = join(folder, 'start.img');
    await copyStart(image, path);
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function copyStart(image: string, path: string): Promise<void> {
  const fd = openSync(path, 'w');
  let bytes = 0;
  let untilBytes = SECTOR_BYTES;
  try {
    for await (const chunk of readImage(image)) {
      if (bytes === 0 && chunk.length >= SECTOR_BYTES) untilBytes = bootPartitionEnd(chunk);
      writeSync(fd, chunk);
      bytes += chunk.length;
      if (bytes >= untilBytes) break;
    }
  } finally {
    closeSync(fd);
  }
}

function bootPartitionEnd(start: Buffer): number {
  const table = parsePartitions(start);
  const fat = table.ok ? table.partitions.find(({ isFat }) => isFat) : undefined;
  return fat ? fat.offsetBytes + fat.sizeBytes : SECTOR_BYTES;
}
