/** What the kernel tells of the device's storage without a command: how worn it is, what was written, what is read-only. */
import type { SystemFiles } from './system-files.ts';

/** A card, stick, drive or eMMC. */
export type Store = {
  /** Like `mmcblk0`. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Since boot. */
  readonly writtenBytes: number;
  /** Percent of its life, in steps of ten, rounded up; above 100 when it is used up. Only eMMC tells. */
  readonly lifeUsedPercent?: number;
  /** Percent of its spare blocks that are used at least, once that is many. Only eMMC tells. */
  readonly spareUsedPercent?: 80 | 90;
};

/** Whole devices that wear: not their partitions, nor those of a virtual machine, of memory, or made of others. */
const WEARING = /^(mmcblk\d+|nvme\d+n\d+|sd[a-z]+)$/;
const SECTOR_BYTES = 512;

export function readStores(files: SystemFiles): readonly Store[] {
  return files
    .list('/sys/block')
    .filter(name => WEARING.test(name))
    .map(name => {
      const folder = `/sys/block/${name}`;
      // The seventh field is sectors written: Documentation/block/stat.rst.
      const written = Number((files.read(`${folder}/stat`) ?? '').split(/\s+/)[6] ?? 0);
      return {
        name,
        sizeBytes: Number(files.read(`${folder}/size`) ?? 0) * SECTOR_BYTES,
        writtenBytes: written * SECTOR_BYTES,
        lifeUsedPercent: lifeUsed(files.read(`${folder}/device/life_time`)),
        spareUsedPercent: spareUsed(files.read(`${folder}/device/pre_eol_info`)),
      };
    });
}

/** Two estimates, of both kinds of cells, 0x01 for up to 10 % and 0x0b for more than all: EXT_CSD of eMMC 5.0. The worse counts. */
function lifeUsed(lifeTime: string | undefined): number | undefined {
  const worst = Math.max(0, ...(lifeTime ?? '').split(/\s+/).map(text => Number(text) || 0));
  return worst === 0 ? undefined : worst * 10;
}

function spareUsed(preEol: string | undefined): 80 | 90 | undefined {
  const level = Number(preEol);
  return level === 2 ? 80 : level === 3 ? 90 : undefined;
}

/**
 * Of these folders, and of the root where /etc/fstab wants it writable, those that lie on a file system mounted
 * read-only. `folders` are absolute, with no links in them.
 */
export function readOnlyFolders(files: SystemFiles, folders: readonly string[]): readonly string[] {
  // Of the first process: a service manager may show the agent a device of its own.
  const mounts = parseMounts(files.read('/proc/1/mounts') ?? files.read('/proc/mounts') ?? '');
  const root = parseMounts(files.read('/etc/fstab') ?? '').find(({ path }) => path === '/');
  const wanted = root && !root.isReadOnly ? ['/', ...folders] : folders;
  return [...new Set(wanted)].filter(folder => isReadOnlyAt(mounts, folder));
}

type Mount = { readonly path: string; readonly isReadOnly: boolean };

/** fstab(5), which both files follow: device, place, type, options; blanks in a place are written in octal. */
function parseMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap(line => {
    const [device = '', path, , options = ''] = line.trim().split(/\s+/);
    if (path === undefined || device.startsWith('#')) return [];
    const plain = path.replace(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    return [{ path: plain, isReadOnly: options.split(',').includes('ro') }];
  });
}

/** The longest place that leads to the folder holds it; of several at one place, the last. */
function isReadOnlyAt(mounts: readonly Mount[], folder: string): boolean {
  let held: Mount | undefined;
  for (const mount of mounts) {
    const prefix = mount.path === '/' ? '/' : `${mount.path}/`;
    if (!`${folder}/`.startsWith(prefix)) continue;
    if (mount.path.length >= (held?.path.length ?? 0)) held = mount;
  }
  return held?.isReadOnly ?? false;
}
