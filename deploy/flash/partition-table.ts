/** The four primary entries of a master boot record. */
import { readSync } from 'node:fs';

export const SECTOR_BYTES = 512;

export type Partition = { readonly offsetBytes: number; readonly sizeBytes: number; readonly isFat: boolean };

export type PartitionTable =
  | { readonly ok: true; readonly partitions: readonly Partition[] }
  /** Continues a sentence that begins with the image's name. */
  | { readonly ok: false; readonly reason: string };

/** FAT12, FAT16 and FAT32 with and without LBA, and the EFI system partition. */
const FAT_TYPES = new Set([0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e, 0xef]);
const GPT_PROTECTIVE = 0xee;

/** Reads the table of an open image or device; partitions in their order in the table. */
export function readPartitions(fd: number): PartitionTable {
  const sector = Buffer.alloc(SECTOR_BYTES);
  const got = readSync(fd, sector, 0, SECTOR_BYTES, 0);
  return got < SECTOR_BYTES
    ? { ok: false, reason: 'is empty or too short for a disk image' }
    : parsePartitions(sector);
}

/** The same from the bytes of the first sector. */
export function parsePartitions(sector: Buffer): PartitionTable {
  if (sector.readUInt16LE(510) !== 0xaa55) return { ok: false, reason: 'has no partition table (MBR)' };
  const partitions = [446, 462, 478, 494].flatMap(at => {
    const type = sector.readUInt8(at + 4);
    const offsetBytes = sector.readUInt32LE(at + 8) * SECTOR_BYTES;
    const sizeBytes = sector.readUInt32LE(at + 12) * SECTOR_BYTES;
    return type === 0 || sizeBytes === 0
      ? []
      : [{ type, offsetBytes, sizeBytes, isFat: FAT_TYPES.has(type) }];
  });
  return partitions.some(({ type }) => type === GPT_PROTECTIVE)
    ? { ok: false, reason: 'is partitioned with GPT, as PC images are' }
    : { ok: true, partitions: partitions.map(({ type: _type, ...partition }) => partition) };
}
