/** Where one pod goes. Pure: the same pod and nodes give the same answer, in whatever order the nodes come. */
import { FILTERS } from './filters/filters.ts';
import { type NamespaceLabels, podAffinityOf } from './filters/pod-affinity.ts';
import { CANDIDATE_SHARE, MIN_CANDIDATES } from './limits.ts';
import type { Claim, NodeLoad } from './node-load.ts';
import { type PodStorage, type Selection, selectionsFor } from './pod-storage.ts';
import type { UsageView } from './scores/score.ts';
import { SCORES } from './scores/scores.ts';

export type Verdict =
  | {
      readonly kind: 'bind';
      readonly node: string;
      /** For the pod's claims that have no volume yet: it is bound once they have. */
      readonly selections: readonly Selection[];
    }
  /** Every node's reason, counted, as `kubectl describe` shows it. */
  | { readonly kind: 'unschedulable'; readonly message: string };

export type PlanInput = {
  readonly claim: Claim;
  /** In ascending order of node names. */
  readonly loads: readonly NodeLoad[];
  readonly usage: UsageView;
  readonly labelsOf: NamespaceLabels;
  readonly storage?: PodStorage;
};

/** O(nodes) at worst; of many nodes only a share is compared, from a place that differs from pod to pod. */
export function placePod(input: PlanInput): Verdict {
  const { claim, loads, labelsOf, storage } = input;
  if (loads.length === 0) return { kind: 'unschedulable', message: 'no nodes available to schedule pods' };
  if (storage?.kind === 'refused')
    return { kind: 'unschedulable', message: `0/${loads.length} nodes are available: ${storage.reason}.` };
  const affinity = podAffinityOf(claim, loads, labelsOf);
  const seed = hashOf(claim.pod.metadata.uid);
  const enough = Math.max(MIN_CANDIDATES, Math.floor(loads.length * CANDIDATE_SHARE));
  const candidates: NodeLoad[] = [];
  const reasons = new Map<string, number>();
  for (let i = 0; i < loads.length && candidates.length < enough; i++) {
    const load = loads[(seed + i) % loads.length];
    if (load === undefined) continue;
    const refused = firstRefusal({ claim, load, affinity, storage });
    if (refused.length === 0) candidates.push(load);
    for (const reason of refused) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const best = bestOf(candidates, input, seed);
  if (best === undefined) return { kind: 'unschedulable', message: explain(loads.length, reasons) };
  const selections = (storage && selectionsFor(storage, best.node)) ?? [];
  return { kind: 'bind', node: best.node.metadata.name, selections };
}

/** Why the node cannot take the pod, by the first rule that says so; empty when it can. */
export function firstRefusal(input: Parameters<(typeof FILTERS)[number]>[0]): readonly string[] {
  for (const filter of FILTERS) {
    const reasons = filter(input);
    if (reasons.length > 0) return reasons;
  }
  return [];
}

/** The highest score; equal ones are told apart by a hash that differs from pod to pod, so that equal nodes fill evenly. */
function bestOf(
  candidates: readonly NodeLoad[],
  { claim, usage }: PlanInput,
  seed: number,
): NodeLoad | undefined {
  let best: NodeLoad | undefined;
  let bestScore = -1;
  let bestTie = -1;
  for (const load of candidates) {
    const { name } = load.node.metadata;
    const input = { claim, load, usage: usage.usageOf(name) };
    let score = 0;
    for (const { score: scoreNode, weight } of SCORES) score += weight * scoreNode(input);
    if (score < bestScore) continue;
    const tie = hashOf(name, seed);
    if (score === bestScore && tie < bestTie) continue;
    [best, bestScore, bestTie] = [load, score, tie];
  }
  return best;
}

function explain(nodes: number, reasons: ReadonlyMap<string, number>): string {
  const counted = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${counted.join(', ')}.`;
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
