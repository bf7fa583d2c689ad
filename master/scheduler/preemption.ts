/**
 * Which pods must go so that a more important one finds a place. Pure. Source: Kubernetes's DefaultPreemption plugin:
 * a node where the fewest guarded pods go, then those that matter least, then the fewest.
 */
import type { Pod } from '../../shared/kubernetes/objects.ts';
import { type NamespaceLabels, podAffinityOf } from './filters/pod-affinity.ts';
import { type Claim, loadOfClaims, type NodeLoad } from './node-load.ts';
import { firstRefusal } from './plan.ts';
import type { PodStorage } from './pod-storage.ts';

export type Preemption = { readonly node: string; readonly victims: readonly Pod[] };

type PreemptionInput = {
  readonly claim: Claim;
  /** In ascending order of node names. */
  readonly loads: readonly NodeLoad[];
  readonly labelsOf: NamespaceLabels;
  readonly storage?: PodStorage;
  /** True for a pod that its disruption budget does not let go. */
  readonly isGuarded: (pod: Pod) => boolean;
};

export function priorityOf({ spec }: Pod): number {
  return spec.priority ?? 0;
}

/** Undefined where the pod may not preempt, where nobody would help, and while pods still end to make room for it. */
export function planPreemption(input: PreemptionInput): Preemption | undefined {
  const { claim, loads } = input;
  if (claim.pod.spec.preemptionPolicy === 'Never') return undefined;
  const nominated = loads.find(({ node }) => node.metadata.name === claim.pod.status?.nominatedNodeName);
  const isWaiting = nominated?.claims.some(
    ({ pod }) => isLess(pod, claim.pod) && pod.metadata.deletionTimestamp !== undefined,
  );
  if (isWaiting === true) return undefined;
  // No rule binds the pod now: then none will for want of a neighbour.
  const isBound = podAffinityOf(claim, loads, input.labelsOf) !== undefined;
  let best: { readonly node: string; readonly victims: readonly Pod[]; readonly cost: Cost } | undefined;
  for (const load of loads) {
    const victims = victimsOn(load, input, isBound);
    if (victims === undefined) continue;
    const cost = costOf(victims, input.isGuarded);
    if (best === undefined || isCheaper(cost, best.cost))
      best = { node: load.node.metadata.name, victims, cost };
  }
  return best && { node: best.node, victims: best.victims };
}

function isLess(a: Pod, b: Pod): boolean {
  return priorityOf(a) < priorityOf(b);
}

/** As few as will do; those that matter most are spared first. Undefined when not even all of them would do. */
function victimsOn(
  load: NodeLoad,
  { claim, loads, labelsOf, storage, isGuarded }: PreemptionInput,
  isBound: boolean,
): readonly Pod[] | undefined {
  const lesser = load.claims.filter(({ pod }) => isLess(pod, claim.pod));
  if (lesser.length === 0) return undefined;
  const fitsWith = (claims: readonly Claim[]) => {
    const changed = loadOfClaims(load.node, claims);
    const around = loads.map(each => (each === load ? changed : each));
    const affinity = isBound ? podAffinityOf(claim, around, labelsOf) : undefined;
    return firstRefusal({ claim, load: changed, affinity, storage }).length === 0;
  };
  let kept = load.claims.filter(each => !lesser.includes(each));
  if (!fitsWith(kept)) return undefined;
  const victims: Pod[] = [];
  for (const candidate of [...lesser].sort(sparedFirst(isGuarded))) {
    const spared = [...kept, candidate];
    if (fitsWith(spared)) kept = spared;
    else victims.push(candidate.pod);
  }
  return victims;
}

function sparedFirst(isGuarded: PreemptionInput['isGuarded']) {
  return ({ pod: a }: Claim, { pod: b }: Claim): number =>
    Number(isGuarded(b)) - Number(isGuarded(a)) ||
    priorityOf(b) - priorityOf(a) ||
    (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1);
}

/** Guarded victims, the highest priority among them, the sum of priorities, and how many. */
type Cost = readonly [number, number, number, number];

function costOf(victims: readonly Pod[], isGuarded: PreemptionInput['isGuarded']): Cost {
  const priorities = victims.map(priorityOf);
  const sum = priorities.reduce((total, priority) => total + priority, 0);
  return [victims.filter(isGuarded).length, Math.max(...priorities), sum, victims.length];
}

function isCheaper(a: Cost, b: Cost): boolean {
  const at = a.findIndex((amount, index) => amount !== b[index]);
  return at >= 0 && Number(a[at]) < Number(b[at]);
}
