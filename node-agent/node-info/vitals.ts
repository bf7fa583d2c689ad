/** How the device is doing, as numbers, for conditions.ts to judge. */
import { statfsSync } from 'node:fs';
import { realpath, statfs } from 'node:fs/promises';
import { parseMemory, readTemperature } from './sample.ts';
import { readOnlyFolders, readStores } from './storage.ts';
import type { StorageVitals } from './storage-conditions.ts';
import type { SystemFiles } from './system-files.ts';

export type Disk = {
  /** A folder on it. */
  readonly path: string;
  /** As the kubelet calls what holds the agent's folder, and the engine's. */
  readonly role: 'nodefs' | 'imagefs';
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly totalInodes: number;
  readonly freeInodes: number;
};

export type Vitals = StorageVitals & {
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  readonly processes: number;
  /** 0 when the kernel does not say. */
  readonly processesMax: number;
  readonly disks: readonly Disk[];
  /** Absent on a device without a sensor. */
  readonly temperatureMilliCelsius?: number;
  /** As the Raspberry Pi firmware's get_throttled: bits 0 to 3 are now, 16 to 19 since boot. Absent on other devices. */
  readonly throttledBits?: number;
  /** Of the Pi's voltage sensor in hwmon; absent on other devices. */
  readonly underVoltageAlarm?: boolean;
  /** Whether the kernel lets memory be limited. */
  readonly hasMemoryCgroup: boolean;
  /** The file with the kernel's command line on a Pi; absent on other devices. */
  readonly commandLineFile?: string;
};

/** Reads all of it; a folder that does not exist has no disk. `folders`, by the role of their disk, are below `root`. */
export async function readVitals(
  files: SystemFiles,
  root: string,
  folders: { readonly nodefs: string; readonly imagefs?: string },
): Promise<Vitals> {
  const memory = parseMemory(files.read('/proc/meminfo') ?? '');
  const paths = [folders.nodefs, ...(folders.imagefs === undefined ? [] : [folders.imagefs])];
  const disks = await Promise.all(
    paths.map((path, i) => readDisk(root, path, i === 0 ? 'nodefs' : 'imagefs')),
  );
  return {
    memoryTotalBytes: memory.totalBytes,
    memoryAvailableBytes: memory.availableBytes,
    ...readProcesses(files),
    disks: disks.filter(disk => disk !== undefined),
    temperatureMilliCelsius: readTemperature(files),
    stores: readStores(files),
    uptimeSeconds: Number.parseFloat(files.read('/proc/uptime') ?? '0'),
    readOnlyFolders: readOnlyFolders(files, await Promise.all(paths.map(withoutLinks))),
    throttledBits: readThrottled(files),
    underVoltageAlarm: readUnderVoltage(files),
    hasMemoryCgroup: hasMemoryCgroup(files),
    commandLineFile: ['/boot/firmware/cmdline.txt', '/boot/cmdline.txt'].find(
      path => files.read(path) !== undefined,
    ),
  };
}

async function withoutLinks(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function readDisk(root: string, path: string, role: Disk['role']): Promise<Disk | undefined> {
  try {
    const { bsize, blocks, bavail, files, ffree } = await statfs(below(root, path));
    return {
      path,
      role,
      totalBytes: blocks * bsize,
      freeBytes: bavail * bsize,
      totalInodes: files,
      freeInodes: ffree,
    };
  } catch {
    // Missing (no engine yet) or out of reach: nothing can be said of it.
    return undefined;
  }
}

/** Of the whole disk with this folder; 0 when there is no such folder. */
export function diskBytes(root: string, path: string): number {
  try {
    const { bsize, blocks } = statfsSync(below(root, path));
    return blocks * bsize;
  } catch {
    return 0;
  }
}

function below(root: string, path: string): string {
  return root === '/' ? path : `${root}${path}`;
}

/** Threads count too: the kernel numbers them from the same pool. */
function readProcesses(files: SystemFiles): { readonly processes: number; readonly processesMax: number } {
  const processes = Number(/^\S+ \S+ \S+ \d+\/(\d+)/.exec(files.read('/proc/loadavg') ?? '')?.[1] ?? 0);
  const maxima = ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max']
    .map(path => Number(files.read(path) ?? 0))
    .filter(value => value > 0);
  return { processes, processesMax: maxima.length > 0 ? Math.min(...maxima) : 0 };
}

/** In hexadecimal, from the firmware driver of Raspberry Pi's kernels; its place differs by board. */
function readThrottled(files: SystemFiles): number | undefined {
  const folders = [
    '/sys/devices/platform/soc/soc:firmware',
    '/sys/devices/platform/soc@107c000000/soc@107c000000:firmware',
    '/sys/devices/platform/scb/scb:firmware',
  ];
  const text = folders.map(folder => files.read(`${folder}/get_throttled`)).find(Boolean);
  const bits = Number.parseInt(text ?? '', 16);
  return Number.isNaN(bits) ? undefined : bits;
}

function readUnderVoltage(files: SystemFiles): boolean | undefined {
  const sensor = files
    .list('/sys/class/hwmon')
    .find(name => files.read(`/sys/class/hwmon/${name}/name`) === 'rpi_volt');
  return sensor === undefined ? undefined : files.read(`/sys/class/hwmon/${sensor}/in0_lcrit_alarm`) === '1';
}

/** Version 2 lists its controllers; version 1 has a table, whose last column says `enabled`. */
function hasMemoryCgroup(files: SystemFiles): boolean {
  const controllers = files.read('/sys/fs/cgroup/cgroup.controllers');
  if (controllers !== undefined) return controllers.split(' ').includes('memory');
  return /^memory\s+\d+\s+\d+\s+1$/m.test(files.read('/proc/cgroups') ?? '');
}
