import { conflict } from '../../shared/kubernetes/api-error.ts';
import type { Pod } from '../../shared/kubernetes/objects.ts';
import { KINDS } from './kinds.ts';

/** The pod on the node, and said to be scheduled. Refuses one that is leaving, or that has a node. */
export function boundPod(pod: Pod, node: string, now: string): Pod {
  const { name, deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined)
    throw conflict(KINDS.Pod, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName)
    throw conflict(KINDS.Pod, name, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: now };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: node },
    status: { ...pod.status, conditions: [...others, scheduled] },
  };
}
