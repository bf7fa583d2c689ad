/** Questions that every control loop asks of a pod. */

import type { Pod, PodCondition } from './objects.ts';
import { parseTime } from './time.ts';

/** True once every container has ended for good: the pod holds no resources any more. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** True while the pod counts as one of its owner's: neither ended nor being deleted. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find(condition => condition.type === type);
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** When the pod has been ready for `minReadySeconds` (the past included). Undefined while it is not ready. */
export function podAvailableAtMs(pod: Pod, minReadySeconds = 0): number | undefined {
  const ready = podCondition(pod, 'Ready');
  if (ready?.status !== 'True') return undefined;
  if (minReadySeconds === 0) return 0;
  const sinceMs = parseTime(ready.lastTransitionTime);
  return sinceMs === undefined ? undefined : sinceMs + minReadySeconds * 1000;
}
