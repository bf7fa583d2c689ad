/**
 * Files in the FAT boot partition of a disk image or of a card, with no mount, and no root for an image file. The only user
 * of js-fatfs (ChaN's FatFs in WebAssembly), which is loaded when first needed. Writes nothing outside that partition.
 */
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { DiskIO, FatFs } from 'js-fatfs';
import { FlashError } from './flash-error.ts';
import { type Partition, readPartitions, SECTOR_BYTES } from './partition-table.ts';

type FatFsLibrary = typeof import('js-fatfs');

/** Paths are relative to the top folder, with `/` between. Every call throws FlashError when the file system refuses. */
export interface BootPartition {
  /** Names in the top folder. */
  list(): readonly string[];
  /** Undefined when there is no such file. */
  read(path: string): Buffer | undefined;
  /** Replaces the whole file; its folder must exist. */
  write(path: string, contents: Uint8Array): void;
  /** A folder that exists already is fine. */
  makeFolder(path: string): void;
  /** A file that is not there is fine. */
  remove(path: string): void;
  freeBytes(): number;
}

const CHUNK_BYTES = 256 * 1024;

export const WORKING_IMAGES =
  'Raspberry Pi OS (bookworm or newer), Ubuntu Server for Raspberry Pi, Debian for Raspberry Pi and DietPi images work';

/**
 * Opens the first FAT partition of an image file or block device, lets `use` work on it, and closes it; changes have reached
 * the medium when this resolves. A block device is opened exclusively: one that is mounted fails with EBUSY.
 */
export async function withBootPartition<T>(
  path: string,
  mode: 'read' | 'write',
  use: (boot: BootPartition) => T,
): Promise<T> {
  const library = await import('js-fatfs');
  const flags = mode === 'write' ? constants.O_RDWR | constants.O_EXCL : constants.O_RDONLY;
  // Without O_CREAT, O_EXCL only means something for a block device.
  const fd = openSync(path, flags);
  try {
    const partition = findBootPartition(fd, path);
    const fat = await library.create({ diskio: partitionDisk(library, fd, partition, mode) });
    const result = mountAnd(library, fat, path, volume =>
      use(bootPartition(library, fat, volume, { fd, partition })),
    );
    if (mode === 'write') fsyncSync(fd);
    return result;
  } finally {
    closeSync(fd);
  }
}

function findBootPartition(fd: number, path: string): Partition {
  const table = readPartitions(fd);
  if (!table.ok) throw new FlashError(`${path} ${table.reason}; ${WORKING_IMAGES}`);
  const fat = table.partitions.find(partition => partition.isFat);
  if (!fat) throw new FlashError(`${path} has no FAT boot partition; ${WORKING_IMAGES}`);
  const stat = fstatSync(fd);
  if (stat.isFile() && stat.size < fat.offsetBytes + fat.sizeBytes) {
    throw new FlashError(`${path} ends before its boot partition does: it is not whole, download it again`);
  }
  return fat;
}

function partitionDisk(
  library: FatFsLibrary,
  fd: number,
  { offsetBytes, sizeBytes }: Partition,
  mode: string,
): DiskIO {
  const within = (sector: number, count: number) => (sector + count) * SECTOR_BYTES <= sizeBytes;
  return {
    initialize: () => 0,
    status: () => (mode === 'write' ? 0 : library.STA_PROTECT),
    read(fat, _drive, buffer, sector, count) {
      if (!within(sector, count)) return library.RES_PARERR;
      const bytes = count * SECTOR_BYTES;
      const got = readSync(fd, fat.HEAPU8, buffer, bytes, offsetBytes + sector * SECTOR_BYTES);
      return got === bytes ? library.RES_OK : library.RES_ERROR;
    },
    write(fat, _drive, buffer, sector, count) {
      if (!within(sector, count)) return library.RES_PARERR;
      const bytes = count * SECTOR_BYTES;
      const put = writeSync(fd, fat.HEAPU8, buffer, bytes, offsetBytes + sector * SECTOR_BYTES);
      return put === bytes ? library.RES_OK : library.RES_ERROR;
    },
    ioctl(fat, _drive, command, buffer) {
      if (command === library.GET_SECTOR_COUNT) fat.setValue(buffer, sizeBytes / SECTOR_BYTES, 'i32');
      if (command === library.GET_SECTOR_SIZE) fat.setValue(buffer, SECTOR_BYTES, 'i16');
      if (command === library.GET_BLOCK_SIZE) fat.setValue(buffer, 1, 'i32');
      return library.RES_OK;
    },
  };
}

function mountAnd<T>(library: FatFsLibrary, fat: FatFs, path: string, use: (volume: number) => T): T {
  const volume = fat.malloc(library.sizeof_FATFS);
  const mounted = fat.f_mount(volume, '', 1);
  if (mounted !== library.FR_OK) {
    throw new FlashError(
      `the boot partition of ${path} is not a FAT file system (FatFs ${mounted}); ${WORKING_IMAGES}`,
    );
  }
  try {
    return use(volume);
  } finally {
    fat.f_unmount('');
  }
}

/** The heap is dropped with the instance, so nothing of it is freed. */
function bootPartition(
  library: FatFsLibrary,
  fat: FatFs,
  volume: number,
  where: { readonly fd: number; readonly partition: Partition },
): BootPartition {
  const file = fat.malloc(library.sizeof_FIL);
  const count = fat.malloc(4);
  const chunk = fat.malloc(CHUNK_BYTES);
  const expect = (result: number, action: string, allowed: readonly number[] = []) => {
    if (result !== library.FR_OK && !allowed.includes(result)) {
      throw new FlashError(`cannot ${action} on the boot partition (FatFs ${result})`);
    }
    return result === library.FR_OK;
  };
  return {
    list: () => listFolder(library, fat, expect),
    read(path) {
      if (
        !expect(fat.f_open(file, path, library.FA_READ), `open ${path}`, [
          library.FR_NO_FILE,
          library.FR_NO_PATH,
        ])
      ) {
        return undefined;
      }
      const chunks: Buffer[] = [];
      for (;;) {
        expect(fat.f_read(file, chunk, CHUNK_BYTES, count), `read ${path}`);
        const got = fat.getValue(count, 'i32');
        if (got === 0) break;
        chunks.push(Buffer.from(fat.HEAPU8.slice(chunk, chunk + got)));
      }
      expect(fat.f_close(file), `close ${path}`);
      return Buffer.concat(chunks);
    },
    write(path, contents) {
      expect(fat.f_open(file, path, library.FA_WRITE | library.FA_CREATE_ALWAYS), `create ${path}`);
      for (let at = 0; at < contents.length; at += CHUNK_BYTES) {
        const part = contents.subarray(at, at + CHUNK_BYTES);
        fat.HEAPU8.set(part, chunk);
        expect(fat.f_write(file, chunk, part.length, count), `write ${path}`);
        if (fat.getValue(count, 'i32') === part.length) continue;
        fat.f_close(file);
        fat.f_unlink(path);
        throw new FlashError(`the boot partition is full: ${path} does not fit`);
      }
      expect(fat.f_close(file), `close ${path}`);
    },
    makeFolder: path => void expect(fat.f_mkdir(path), `make the folder ${path}`, [library.FR_EXIST]),
    remove: path =>
      void expect(fat.f_unlink(path), `remove ${path}`, [library.FR_NO_FILE, library.FR_NO_PATH]),
    freeBytes() {
      const pointer = fat.malloc(4);
      fat.setValue(pointer, volume, '*');
      expect(fat.f_getfree('', count, pointer), 'count free space');
      return fat.getValue(count, 'i32') * clusterBytes(where);
    },
  };
}

function listFolder(
  library: FatFsLibrary,
  fat: FatFs,
  expect: (result: number, action: string) => boolean,
): string[] {
  const folder = fat.malloc(library.sizeof_DIR);
  const entry = fat.malloc(library.sizeof_FILINFO);
  const names: string[] = [];
  expect(fat.f_opendir(folder, '/'), 'list files');
  for (;;) {
    expect(fat.f_readdir(folder, entry), 'list files');
    const name = fat.FILINFO_fname(entry);
    if (name === '') break;
    names.push(name);
  }
  expect(fat.f_closedir(folder), 'list files');
  return names;
}

/** From the BIOS parameter block: bytes per sector at 11, sectors per cluster at 13 (Microsoft FAT specification, 3.1). */
function clusterBytes({ fd, partition }: { readonly fd: number; readonly partition: Partition }): number {
  const sector = Buffer.alloc(SECTOR_BYTES);
  readSync(fd, sector, 0, SECTOR_BYTES, partition.offsetBytes);
  return sector.readUInt16LE(11) * sector.readUInt8(13);
}
