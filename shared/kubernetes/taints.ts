/** Taints and tolerations: what they are called and when one excuses the other. */
import type { Taint, Toleration } from './objects.ts';

export type TaintEffect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';

/** Well-known taints, by what they say about a node. */
export const TAINT = {
  notReady: 'node.kubernetes.io/not-ready',
  unreachable: 'node.kubernetes.io/unreachable',
  unschedulable: 'node.kubernetes.io/unschedulable',
  memoryPressure: 'node.kubernetes.io/memory-pressure',
  diskPressure: 'node.kubernetes.io/disk-pressure',
  pidPressure: 'node.kubernetes.io/pid-pressure',
  networkUnavailable: 'node.kubernetes.io/network-unavailable',
} as const;

/** Reason of a node's Ready condition while no node at all is heard: nobody is evicted for that. */
export const NO_NODE_HEARD = 'NoNodeHeard';

/** True when the toleration excuses the taint; an empty key with `Exists` excuses every one. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const operator = toleration.operator || 'Equal';
  if (operator === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}

/** Taints of these effects that no toleration excuses, in the node's order. */
export function untoleratedTaints(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly TaintEffect[],
): readonly Taint[] {
  return (taints ?? []).filter(
    taint =>
      effects.some(effect => effect === taint.effect) &&
      !(tolerations ?? []).some(toleration => tolerates(toleration, taint)),
  );
}
