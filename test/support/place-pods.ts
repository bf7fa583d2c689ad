/** Places pods one after the other, each with what the ones before it took. Pure. */

import type { NamespaceLabels } from '../../master/scheduler/filters/pod-affinity.ts';
import { claimOf, type NodeLoad, withClaim } from '../../master/scheduler/node-load.ts';
import { comparePending } from '../../master/scheduler/pending-pods.ts';
import { placePod, type Verdict } from '../../master/scheduler/plan.ts';
import type { UsageView } from '../../master/scheduler/scores/score.ts';
import type { Pod } from '../../shared/kubernetes/objects.ts';

export type Placement = { readonly pod: Pod; readonly verdict: Verdict };

/** In the order in which the pods take their turn; the order of pods and loads given does not matter. */
export function placePods(input: {
  readonly pods: readonly Pod[];
  readonly loads: readonly NodeLoad[];
  readonly usage: UsageView;
  readonly labelsOf: NamespaceLabels;
}): readonly Placement[] {
  const loads = [...input.loads].sort((a, b) => (a.node.metadata.name < b.node.metadata.name ? -1 : 1));
  const positions = new Map(loads.map((load, i) => [load.node.metadata.name, i]));
  return [...input.pods].sort(comparePending).map(pod => {
    const claim = claimOf(pod);
    const verdict = placePod({ claim, loads, usage: input.usage, labelsOf: input.labelsOf });
    const position = verdict.kind === 'bind' ? positions.get(verdict.node) : undefined;
    const load = position === undefined ? undefined : loads[position];
    if (position !== undefined && load !== undefined) loads[position] = withClaim(load, claim);
    return { pod, verdict };
  });
}
