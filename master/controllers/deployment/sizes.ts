/** How large each ReplicaSet of a Deployment should be next. Pure arithmetic, after Kubernetes's rolling update. */
import type { Deployment } from '../../../shared/kubernetes/objects.ts';

/** A ReplicaSet as far as its size goes. */
export type Sized = {
  readonly uid: string;
  readonly replicas: number;
  readonly availableReplicas: number;
};

export type Bounds = {
  /** Pods that the Deployment wants. */
  readonly desired: number;
  /** Pods above `desired` that may exist during a rollout. */
  readonly maxSurge: number;
  /** Pods below `desired` that may be unavailable during a rollout. */
  readonly maxUnavailable: number;
};

/** Sizes by uid; a ReplicaSet that is not named keeps its own. */
export type Sizes = ReadonlyMap<string, number>;

/** The Deployment's bounds in pods: percentages of `desired`, surge rounded up and unavailability down, never both 0. */
export function boundsOf({ spec }: Deployment): Bounds {
  const desired = spec.replicas ?? 1;
  if (spec.strategy?.type === 'Recreate') return { desired, maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const surge = podsOf(maxSurge, desired, Math.ceil);
  const unavailable = Math.min(desired, podsOf(maxUnavailable, desired, Math.floor));
  return { desired, maxSurge: surge, maxUnavailable: surge + unavailable === 0 ? 1 : unavailable };
}

/** A count, or a percentage of `total` rounded by `round`; 0 when the text is neither. */
export function podsOf(value: number | string, total: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = Number.parseFloat(value);
  if (Number.isNaN(percent)) return 0;
  return value.endsWith('%') ? round((percent * total) / 100) : percent;
}

/** The size that the current ReplicaSet may grow or must shrink to, beside all others. */
export function nextCurrentSize(bounds: Bounds, current: number, others: number): number {
  if (current >= bounds.desired) return bounds.desired;
  const room = bounds.desired + bounds.maxSurge - current - others;
  return current + Math.max(0, Math.min(room, bounds.desired - current));
}

/**
 * How far the old ReplicaSets, oldest first, may shrink with the availability kept: first their pods that are not available
 * anyway, then as many available ones as the current ReplicaSet makes up for.
 */
export function nextOldSizes(bounds: Bounds, current: Sized, old: readonly Sized[]): Sizes {
  const minAvailable = bounds.desired - bounds.maxUnavailable;
  const all = current.replicas + sum(old, set => set.replicas);
  const notYetAvailable = Math.max(0, current.replicas - current.availableReplicas);
  let removable = all - minAvailable - notYetAvailable;
  const sizes = new Map(old.map(set => [set.uid, set.replicas]));
  for (const set of old) {
    const broken = Math.max(0, set.replicas - set.availableReplicas);
    const removed = Math.max(0, Math.min(removable, broken));
    sizes.set(set.uid, set.replicas - removed);
    removable -= removed;
  }
  const available =
    current.availableReplicas + sum(old, set => Math.min(set.replicas, set.availableReplicas));
  let spare = Math.min(removable, available - minAvailable);
  for (const set of old) {
    const size = sizes.get(set.uid) ?? 0;
    const removed = Math.max(0, Math.min(spare, size));
    sizes.set(set.uid, size - removed);
    spare -= removed;
  }
  return sizes;
}

/** All ReplicaSets in their present proportion, at the Deployment's new size; what does not divide goes to the first ones. */
export function proportionalSizes(bounds: Bounds, sets: readonly Sized[]): Sizes {
  const allowed = bounds.desired === 0 ? 0 : bounds.desired + bounds.maxSurge;
  const total = sum(sets, set => set.replicas);
  if (total === 0) return new Map();
  const sizes = new Map(sets.map(set => [set.uid, Math.floor((set.replicas * allowed) / total)]));
  let rest = allowed - sum([...sizes.values()], size => size);
  for (const set of sets) {
    if (rest <= 0) break;
    sizes.set(set.uid, (sizes.get(set.uid) ?? 0) + 1);
    rest--;
  }
  return sizes;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
