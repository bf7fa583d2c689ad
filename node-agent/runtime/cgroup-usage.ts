/**
 * What a container uses, read from its cgroup: two small files of the kernel's instead of Docker's stats call, which
 * keeps a sampler per container and takes a second. Works for both cgroup versions and both of Docker's drivers, since
 * the kernel itself says where a process belongs.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../shared/error-code.ts';

/** Folders of one container's cgroup; `memory` is absent when the kernel runs without the memory cgroup. */
export type CgroupFolders = { readonly version: 1 | 2; readonly cpu: string; readonly memory?: string };

export type CgroupUsage = { readonly cpuNanoseconds: number; readonly memoryBytes: number };

/**
 * Where the cgroup of the process is, from its /proc/PID/cgroup and the mounts of /proc/mounts; undefined when they do
 * not tell, as in a container with a cgroup namespace of its own.
 */
export function cgroupFolders(cgroupText: string, mountsText: string): CgroupFolders | undefined {
  const mounts = parseCgroupMounts(mountsText);
  const lines = cgroupText
    .split('\n')
    .map(line => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .filter(match => match !== null)
    .map(([, controllers = '', path = '']) => ({ controllers: controllers.split(','), path }));
  if (lines.some(({ path }) => path.startsWith('/..'))) return undefined;
  const folderOf = (controller: string): string | undefined => {
    const path = lines.find(({ controllers }) => controllers.includes(controller))?.path;
    const mount = mounts.v1.get(controller);
    return path === undefined || mount === undefined ? undefined : join(mount, path);
  };
  const cpu = folderOf('cpuacct');
  if (cpu !== undefined) return { version: 1, cpu, memory: folderOf('memory') };
  const path = lines.find(({ controllers }) => controllers[0] === '')?.path;
  if (path === undefined || mounts.v2 === undefined) return undefined;
  const folder = join(mounts.v2, path);
  return { version: 2, cpu: folder, memory: folder };
}

function parseCgroupMounts(text: string): { readonly v1: Map<string, string>; readonly v2?: string } {
  const v1 = new Map<string, string>();
  let v2: string | undefined;
  for (const line of text.split('\n')) {
    const [, target, type, options = ''] = line.split(' ');
    if (target === undefined) continue;
    if (type === 'cgroup2') v2 ??= target;
    if (type === 'cgroup') for (const option of options.split(',')) v1.set(option, target);
  }
  return { v1, v2 };
}

/** Reads the folders' counters. Memory is the working set, as kubelet counts it: all but the file cache that can be dropped. Rejects with ENOENT once the cgroup is gone. */
export async function readCgroupUsage(folders: CgroupFolders, root = '/'): Promise<CgroupUsage> {
  const read = (...path: string[]) => readFile(join(root, ...path), 'utf8');
  const [cpuNanoseconds, memoryBytes] = await Promise.all([
    folders.version === 1
      ? read(folders.cpu, 'cpuacct.usage').then(Number)
      : read(folders.cpu, 'cpu.stat').then(text => (parseCounter(text, 'usage_usec') ?? 0) * 1000),
    readMemory(folders, read),
  ]);
  return { cpuNanoseconds, memoryBytes };
}

type Read = (...path: string[]) => Promise<string>;

async function readMemory({ version, cpu, memory }: CgroupFolders, read: Read): Promise<number> {
  const [current, inactive] =
    version === 1 ? ['memory.usage_in_bytes', 'total_inactive_file'] : ['memory.current', 'inactive_file'];
  if (memory !== undefined) {
    try {
      const [usage, stat] = await Promise.all([read(memory, current), read(memory, 'memory.stat')]);
      return Math.max(0, Number(usage) - (parseCounter(stat, inactive) ?? 0));
    } catch (error) {
      if (!isMissing(error)) throw error;
      // The one folder of version 2 is there without these files when the memory controller is off.
    }
  }
  return sumOfProcesses((await read(cpu, 'cgroup.procs')).split('\n').filter(Boolean), read);
}

/** Without a memory cgroup: the pages that each process has for itself. */
async function sumOfProcesses(pids: readonly string[], read: Read): Promise<number> {
  const statuses = await Promise.all(
    pids.map(pid =>
      read('/proc', pid, 'status').catch(error => {
        if (isMissing(error)) return '';
        throw error;
      }),
    ),
  );
  const kibibytes = statuses.map(text => Number(/^RssAnon:\s*(\d+) kB/m.exec(text)?.[1] ?? 0));
  return kibibytes.reduce((sum, value) => sum + value, 0) * 1024;
}

function parseCounter(text: string, key: string): number | undefined {
  const line = text.split('\n').find(candidate => candidate.startsWith(`${key} `));
  return line === undefined ? undefined : Number(line.slice(key.length + 1));
}

/** True for a file, or a process, that is not there (any more). */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ESRCH' || code === 'ENODEV';
}
