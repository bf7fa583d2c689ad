/** Which pods a ReplicaSet gives up first. Pure. */
import type { Pod } from '../../../shared/kubernetes/objects.ts';
import { isPodReady } from '../../../shared/kubernetes/pod-state.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * The `count` pods to delete, in Kubernetes's order: unassigned, pending, not ready, cheap to delete, on nodes that hold more
 * of them, newest. Each further pod on one node counts as one more, so that what remains is spread.
 */
export function victims(pods: readonly Pod[], count: number): readonly Pod[] {
  const crowding = crowdingOf(pods);
  const ranked = pods.map(pod => ({ pod, rank: rankOf(pod, crowding.get(pod.metadata.uid) ?? 0) }));
  ranked.sort((a, b) => compareRanks(a.rank, b.rank) || newestFirst(a.pod, b.pod));
  return ranked.slice(0, count).map(({ pod }) => pod);
}

/** Smaller numbers go first. */
function rankOf(pod: Pod, crowding: number): readonly number[] {
  return [
    pod.spec.nodeName ? 1 : 0,
    PHASE_RANK[pod.status?.phase ?? 'Pending'] ?? 0,
    isPodReady(pod) ? 1 : 0,
    Number(pod.metadata.annotations?.[DELETION_COST] ?? 0) || 0,
    -crowding,
  ];
}

/** By uid: how many of these pods its node would hold with it, counted from the oldest. */
function crowdingOf(pods: readonly Pod[]): ReadonlyMap<string, number> {
  const onNode = new Map<string, number>();
  const crowding = new Map<string, number>();
  for (const pod of [...pods].sort((a, b) => -newestFirst(a, b))) {
    const node = pod.spec.nodeName ?? '';
    const count = node === '' ? 0 : (onNode.get(node) ?? 0) + 1;
    onNode.set(node, count);
    crowding.set(pod.metadata.uid, count);
  }
  return crowding;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((rank, i) => rank !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

function newestFirst(a: Pod, b: Pod): number {
  const [x, y] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (x !== y) return x > y ? -1 : 1;
  return a.metadata.uid > b.metadata.uid ? -1 : a.metadata.uid < b.metadata.uid ? 1 : 0;
}
