/** What containers use, from the kernel where its files are in reach, else from the engine. */
import { readFile } from 'node:fs/promises';
import {
  type CgroupFolders,
  type CgroupUsage,
  cgroupFolders,
  isMissing,
  readCgroupUsage,
} from './cgroup-usage.ts';
import { type ContainerUsage, RuntimeError } from './container-runtime.ts';
import { type ContainerAnswer, StatsAnswer } from './docker-answers.ts';
import type { DockerConnection } from './docker-connection.ts';

export class DockerUsage {
  private readonly connection: DockerConnection;
  private readonly folders = new Map<string, CgroupFolders>();

  constructor(connection: DockerConnection) {
    this.connection = connection;
  }

  /** Drops what is remembered of all other containers. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.folders.keys()) if (!ids.has(id)) this.folders.delete(id);
  }

  /** Undefined when the container does not run. `inspect` is asked only for the first reading of a container. */
  async read(
    id: string,
    inspect: () => Promise<ContainerAnswer | undefined>,
    signal?: AbortSignal,
  ): Promise<ContainerUsage | undefined> {
    const known = this.folders.get(id);
    const again = known && (await readOrMissing(known));
    if (again) return { id, ...again };
    this.folders.delete(id);

    const pid = (await inspect())?.State.Pid ?? 0;
    if (pid === 0) return undefined;
    const folders = await findCgroup(pid);
    const first = folders && (await readOrMissing(folders));
    if (!folders || !first) return this.askEngine(id, signal);
    this.folders.set(id, folders);
    return { id, ...first };
  }

  private async askEngine(id: string, signal?: AbortSignal): Promise<ContainerUsage | undefined> {
    const request = {
      operation: 'usage',
      method: 'GET',
      path: `/containers/${id}/stats`,
      // Without `one-shot` (API 1.41) the engine takes two samples, a second apart.
      query: { stream: false, 'one-shot': true },
    } as const;
    const { cpu_stats, memory_stats } = await this.connection.ask(request, StatsAnswer, signal);
    // The engine answers zeros for a container that has stopped meanwhile.
    if (memory_stats.usage === undefined) return undefined;
    const cache = memory_stats.stats?.total_inactive_file ?? memory_stats.stats?.inactive_file ?? 0;
    return {
      id,
      cpuNanoseconds: cpu_stats.cpu_usage.total_usage,
      memoryBytes: Math.max(0, memory_stats.usage - cache),
    };
  }
}

async function findCgroup(pid: number): Promise<CgroupFolders | undefined> {
  try {
    const [cgroup, mounts] = await Promise.all([
      readFile(`/proc/${pid}/cgroup`, 'utf8'),
      readFile('/proc/mounts', 'utf8'),
    ]);
    return cgroupFolders(cgroup, mounts);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(error);
  }
}

async function readOrMissing(folders: CgroupFolders): Promise<CgroupUsage | undefined> {
  try {
    return await readCgroupUsage(folders);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(error);
  }
}

function unreadable(cause: unknown): RuntimeError {
  return new RuntimeError('usage', 'other', 'cannot read the cgroup of the container', { cause });
}
