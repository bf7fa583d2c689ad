/** When a pod must leave a node because of its NoExecute taints. Pure. */
import type { Node, Pod, Taint } from '../../../shared/kubernetes/objects.ts';
import { NO_NODE_HEARD, TAINT, tolerates } from '../../../shared/kubernetes/taints.ts';
import { parseTime } from '../../../shared/kubernetes/time.ts';
import { OUTAGE_GRACE_MS } from '../limits.ts';
import { readiness } from './taints.ts';

/** A taint that makes pods leave, though never before `notBeforeMs`. */
type Evicting = { readonly taint: Taint; readonly notBeforeMs: number };

/**
 * The moment at which the pod must go; in the past for at once. Undefined when it may stay for ever. A pod tolerates a taint
 * for the shortest of the times that its tolerations of that taint allow, from when the taint was added.
 */
export function evictAtMs(pod: Pod, evicting: readonly Evicting[]): number | undefined {
  const times = evicting.flatMap(({ taint, notBeforeMs }) => {
    const tolerations = (pod.spec.tolerations ?? []).filter(toleration => tolerates(toleration, taint));
    if (tolerations.length === 0) return [notBeforeMs];
    const seconds = tolerations.flatMap(({ tolerationSeconds }) => tolerationSeconds ?? []);
    if (seconds.length === 0) return [];
    const toleratedUntilMs = (parseTime(taint.timeAdded) ?? 0) + Math.max(0, Math.min(...seconds)) * 1000;
    return [Math.max(notBeforeMs, toleratedUntilMs)];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

/**
 * The taints that may evict. While no node at all is Ready nobody is evicted for a lost node: the master's own link is the
 * likelier cause, and there is nowhere to go. When the first node comes back from that, the others get a moment to come
 * back too. A node that is lost while others stand is evicted with no wait.
 */
export function evictingTaints(
  node: Node,
  taints: readonly Taint[],
  nodes: readonly Node[],
): readonly Evicting[] {
  const executing = taints.filter(taint => taint.effect === 'NoExecute');
  if (executing.length === 0) return [];
  const readySince = nodes.filter(other => readiness(other) === 'Ready').map(readySinceMs);
  const someReadySinceMs = Math.min(...readySince);
  const wasOutage = readySinceMs(node) < someReadySinceMs;
  return executing.flatMap(taint => {
    const isLost = taint.key === TAINT.unreachable || taint.key === TAINT.notReady;
    if (!isLost) return [{ taint, notBeforeMs: 0 }];
    if (readySince.length === 0 || readyOf(node)?.reason === NO_NODE_HEARD) return [];
    return [{ taint, notBeforeMs: wasOutage ? someReadySinceMs + OUTAGE_GRACE_MS : 0 }];
  });
}

/** When the Ready condition last changed; 0 when unknown. */
function readySinceMs(node: Node): number {
  return parseTime(readyOf(node)?.lastTransitionTime) ?? 0;
}

function readyOf(node: Node) {
  return node.status?.conditions?.find(condition => condition.type === 'Ready');
}
