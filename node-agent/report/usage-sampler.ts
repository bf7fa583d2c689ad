/** What the device and its containers use, sampled seldom enough to cost nothing. */
import type { Logger } from 'pino';
import { type Clock, pause } from '../../shared/clock.ts';
import type { Usage } from '../../shared/protocol/messages.ts';
import { CONTAINER_USAGE_INTERVAL_MS, NODE_USAGE_INTERVAL_MS } from '../limits.ts';
import type { ContainerRuntime, ContainerUsage, RuntimeContainer } from '../runtime/container-runtime.ts';
import { isSandbox } from '../sync/sandbox.ts';

export type UsageDeps = {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Logger;
  readonly containers: () => readonly RuntimeContainer[];
  /** The device's own usage, on average since the call before. */
  readonly sampleNode: () => Omit<Usage, 'pods'>;
};

type Counted = { readonly usage: ContainerUsage; readonly atMs: number };
type PodUsage = NonNullable<Usage['pods']>[number];

export class UsageSampler {
  private readonly deps: UsageDeps;
  private counted: ReadonlyMap<string, Counted> = new Map();
  private pods: PodUsage[] = [];
  private node: Omit<Usage, 'pods'> | undefined;

  constructor(deps: UsageDeps) {
    this.deps = deps;
  }

  /** The last sample; undefined before the first. */
  get usage(): Usage | undefined {
    return this.node && { ...this.node, pods: this.pods };
  }

  /** Samples until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.deps;
    let containersDueMs = 0;
    while (!signal.aborted) {
      this.node = this.deps.sampleNode();
      if (clock.monotonicMs() >= containersDueMs) {
        await this.sampleContainers(signal);
        // A container's CPU is a difference of two samples: the second follows the first soon.
        const isFirst = this.pods.length === 0;
        containersDueMs =
          clock.monotonicMs() + (isFirst ? NODE_USAGE_INTERVAL_MS : CONTAINER_USAGE_INTERVAL_MS);
      }
      await pause(clock, NODE_USAGE_INTERVAL_MS, signal);
    }
  }

  private async sampleContainers(signal: AbortSignal): Promise<void> {
    const { runtime, clock, log, containers } = this.deps;
    const counted = new Map<string, Counted>();
    const pods = new Map<string, PodUsage>();
    for (const { id, labels, state } of containers().filter(each => !isSandbox(each))) {
      if (state.kind !== 'running') continue;
      try {
        const usage = await runtime.usage(id, signal);
        if (!usage) continue;
        const now: Counted = { usage, atMs: clock.monotonicMs() };
        counted.set(id, now);
        const cpuMilli = cpuMilliBetween(this.counted.get(id), now);
        if (cpuMilli === undefined) continue;
        const pod = pods.get(labels.podUid) ?? { uid: labels.podUid, containers: [] };
        pod.containers.push({ name: labels.container, cpuMilli, memoryBytes: Math.round(usage.memoryBytes) });
        pods.set(labels.podUid, pod);
      } catch (error) {
        // The container or the engine went away: the loop that owns both tells of it.
        log.debug({ err: error, container: labels.container }, 'usage not read');
      }
    }
    this.counted = counted;
    this.pods = [...pods.values()];
  }
}

/** Thousandths of a core used between two counts; undefined without an earlier one. */
function cpuMilliBetween(before: Counted | undefined, now: Counted): number | undefined {
  if (!before || now.atMs <= before.atMs) return undefined;
  const usedNs = Math.max(0, now.usage.cpuNanoseconds - before.usage.cpuNanoseconds);
  return Math.round(usedNs / 1000 / (now.atMs - before.atMs));
}
