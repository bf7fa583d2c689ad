/**
 * Devices in memory that do at once what is bound to them. What a pod does is said by the image of its first container:
 * `exit-<code>` ends, `sick` runs and never becomes ready, all others run and are ready. Held, they do nothing.
 */
import type { ObjectRegistry } from '../../master/registry/object-registry.ts';
import type { ObjectCache } from '../../master/watch/object-cache.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { Pod, PodStatus } from '../../shared/kubernetes/objects.ts';
import { isPodTerminal } from '../../shared/kubernetes/pod-state.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';

export class ObedientKubelets {
  private readonly cache: ObjectCache;
  private readonly registry: ObjectRegistry;
  private readonly unsubscribe: () => void;
  private readonly underWay = new Set<Promise<void>>();
  private isHeld = false;
  private addresses = 0;

  constructor({ cache, registry }: { readonly cache: ObjectCache; readonly registry: ObjectRegistry }) {
    this.cache = cache;
    this.registry = registry;
    this.unsubscribe = cache.onChange(change => {
      if (change.kind === 'Pod' && change.after !== undefined) this.note(change.after);
    });
  }

  /** Starts and stops nothing until `release`. */
  hold(): void {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
    for (const pod of this.cache.list('Pod')) this.note(pod);
  }

  /** Says of one pod what its device would. */
  async report(pod: Pod, status: PodStatus): Promise<void> {
    const change = (current: Pod) => ({ ...current, status: { ...current.status, ...status } });
    await this.registry.change('Pod', pod.metadata, change, { part: 'status', uid: pod.metadata.uid });
  }

  async stop(): Promise<void> {
    this.unsubscribe();
    await Promise.all(this.underWay);
  }

  private note(pod: Pod): void {
    if (this.isHeld || !pod.spec.nodeName) return;
    const isGoing = pod.metadata.deletionTimestamp !== undefined;
    const isNew = (pod.status?.phase ?? 'Pending') === 'Pending';
    if (!isGoing && !isNew) return;
    const done = (isGoing ? this.end(pod) : this.report(pod, this.statusOf(pod))).catch(error => {
      // Gone in the meantime: there is nobody to report to.
      if (!(error instanceof ApiError) || !['NotFound', 'Conflict'].includes(error.reason)) throw error;
    });
    this.underWay.add(done);
    void done.finally(() => this.underWay.delete(done));
  }

  private async end(pod: Pod): Promise<void> {
    const { uid } = pod.metadata;
    if (!isPodTerminal(pod) && pod.status?.phase === 'Running') {
      const conditions = (pod.status.conditions ?? []).map(each =>
        each.type === 'Ready' ? { ...each, status: 'False' } : each,
      );
      await this.report(pod, { phase: 'Succeeded', conditions });
    }
    await this.registry.delete('Pod', pod.metadata, { uid, gracePeriodSeconds: 0 });
  }

  private statusOf(pod: Pod): PodStatus {
    const image = pod.spec.containers[0]?.image ?? '';
    const exit = /^exit-(\d+)$/.exec(image)?.[1];
    const now = formatTime(Date.now());
    const isReady = exit === undefined && image !== 'sick';
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'Ready');
    return {
      phase: exit === undefined ? 'Running' : exit === '0' ? 'Succeeded' : 'Failed',
      podIP: `10.1.0.${++this.addresses}`,
      startTime: now,
      conditions: [...others, { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: now }],
      containerStatuses: pod.spec.containers.map(container => ({
        name: container.name,
        image: container.image ?? '',
        imageID: '',
        ready: isReady,
        restartCount: 0,
        state:
          exit === undefined
            ? { running: { startedAt: now } }
            : {
                terminated: {
                  exitCode: Number(exit),
                  reason: exit === '0' ? 'Completed' : 'Error',
                  startedAt: now,
                  finishedAt: now,
                },
              },
      })),
    };
  }
}
