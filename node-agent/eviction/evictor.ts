/**
 * The loop that ends pods when the device runs out of memory or disk, or when one keeps more on the disk than it may. Decides
 * by the pure plan; at most one pod at a time, and the next only once the device has been looked at again.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, pause } from '../../shared/clock.ts';
import type { PodDocument, Usage } from '../../shared/protocol/messages.ts';
import { parseBytes } from '../../shared/quantity.ts';
import { DISK_EVICTION_AFTER_MS, EVICTION_INTERVAL_MS, MEASURE_INTERVAL_MS } from '../limits.ts';
import { podFolder } from '../volumes/plan-volume.ts';
import { folderBytes } from './folder-size.ts';
import {
  diskVolumesOf,
  exceededLimit,
  hasDiskLimit,
  type PodDiskUsage,
  podDiskBytes,
} from './limits-of-pod.ts';
import { type EvictablePod, type Eviction, planEviction } from './plan.ts';

export type EvictorDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  /** Types of the node conditions that are True. */
  readonly troubles: () => ReadonlySet<string>;
  /** Pods that may be evicted: they run, or are about to. */
  readonly pods: () => readonly PodDocument[];
  /** By pod and container; undefined before it was first sampled. */
  readonly usage: () => Usage['pods'];
  readonly podsFolder: string;
  /** What the pod's containers wrote into their own layers, bytes, by name. Costs a look at each of their files. */
  readonly layerBytes: (podUid: string, signal: AbortSignal) => Promise<ReadonlyMap<string, number>>;
  readonly evict: (eviction: Eviction) => void;
};

export class Evictor {
  private readonly deps: EvictorDeps;
  private diskPressureSinceMs: number | undefined;
  private measuredAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: EvictorDeps) {
    this.deps = deps;
  }

  /** Looks until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.deps;
    while (!signal.aborted) {
      await pause(clock, EVICTION_INTERVAL_MS, signal);
      if (signal.aborted) return;
      try {
        await this.look(signal);
      } catch (error) {
        if (!signal.aborted) log.warn({ err: error }, 'pods could not be measured');
      }
    }
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { clock, troubles, pods, usage } = this.deps;
    const nowMs = clock.monotonicMs();
    const held = troubles();
    if (!held.has('DiskPressure')) this.diskPressureSinceMs = undefined;
    else this.diskPressureSinceMs ??= nowMs;
    if (held.has('MemoryPressure')) {
      this.carryOut(planEviction('memory', memoryOf(pods(), usage() ?? [])));
      return;
    }
    const sinceMs = this.diskPressureSinceMs;
    // Images and ended containers are cleared away first.
    if (sinceMs !== undefined && nowMs - sinceMs >= DISK_EVICTION_AFTER_MS) {
      this.diskPressureSinceMs = nowMs;
      this.carryOut(planEviction('ephemeral-storage', await this.diskOf(pods(), signal)));
      return;
    }
    if (nowMs - this.measuredAtMs < MEASURE_INTERVAL_MS) return;
    this.measuredAtMs = nowMs;
    for (const document of pods().filter(hasDiskLimit)) {
      const message = exceededLimit(document, await this.diskUsage(document, signal));
      if (message !== undefined) this.carryOut({ uid: document.uid, message });
    }
  }

  private carryOut(eviction: Eviction | undefined): void {
    if (eviction === undefined) return;
    this.deps.log.warn({ pod: eviction.uid, reason: eviction.message }, 'pod is evicted');
    this.deps.evict(eviction);
  }

  private async diskOf(
    documents: readonly PodDocument[],
    signal: AbortSignal,
  ): Promise<readonly EvictablePod[]> {
    const measured: EvictablePod[] = [];
    for (const document of documents) {
      const usedBytes = podDiskBytes(await this.diskUsage(document, signal));
      const requestBytes = requestsOf(document, 'ephemeral-storage');
      const { uid, spec } = document;
      measured.push({ uid, priority: spec.priority ?? 0, usedBytes, requestBytes, containers: [] });
    }
    return measured;
  }

  private async diskUsage(document: PodDocument, signal: AbortSignal): Promise<PodDiskUsage> {
    const { podsFolder, layerBytes } = this.deps;
    const folder = join(podFolder(podsFolder, document.uid), 'volumes');
    const volumes = new Map<string, number>();
    for (const name of diskVolumesOf(document))
      volumes.set(name, await folderBytes(join(folder, name), signal));
    return { volumes, containers: await layerBytes(document.uid, signal) };
  }
}

function memoryOf(
  documents: readonly PodDocument[],
  usage: NonNullable<Usage['pods']>,
): readonly EvictablePod[] {
  return documents.map(document => {
    const { uid, spec } = document;
    const used = usage.find(pod => pod.uid === uid)?.containers ?? [];
    const containers = used.map(({ name, memoryBytes }) => {
      const { resources } =
        [...spec.containers, ...(spec.initContainers ?? [])].find(each => each.name === name) ?? {};
      return {
        name,
        usedBytes: memoryBytes,
        requestBytes: parseBytes(resources?.requests?.memory ?? '0') ?? 0,
      };
    });
    const usedBytes = containers.reduce((sum, each) => sum + each.usedBytes, 0);
    return {
      uid,
      priority: spec.priority ?? 0,
      usedBytes,
      requestBytes: requestsOf(document, 'memory'),
      containers,
    };
  });
}

function requestsOf({ spec }: PodDocument, resource: string): number {
  return spec.containers.reduce(
    (sum, { resources }) => sum + (parseBytes(resources?.requests?.[resource] ?? '0') ?? 0),
    0,
  );
}
