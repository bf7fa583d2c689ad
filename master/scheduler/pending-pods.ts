/** Which pods wait for the scheduler, and in what order. Pure. */
import type { Pod } from '../../shared/kubernetes/objects.ts';
import { isPodActive } from '../../shared/kubernetes/pod-state.ts';

const SCHEDULER_NAME = 'default-scheduler';

/** True when the pod is ours to place, now. */
export function awaitsNode(pod: Pod): boolean {
  const { nodeName, schedulerName = SCHEDULER_NAME, schedulingGates = [] } = pod.spec;
  return !nodeName && schedulerName === SCHEDULER_NAME && schedulingGates.length === 0 && isPodActive(pod);
}

/** Higher priority first, then the older, then by name: an order that does not depend on how pods were found. */
export function comparePending(a: Pod, b: Pod): number {
  const byPriority = (b.spec.priority ?? 0) - (a.spec.priority ?? 0);
  if (byPriority !== 0) return byPriority;
  return (
    compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
    compare(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
    compare(a.metadata.name, b.metadata.name)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
