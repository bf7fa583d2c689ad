/** Preferred node affinity: the share of the pod's weights that the node satisfies. */
import { matchesNodeSelectorTerm } from '../../../shared/kubernetes/node-affinity.ts';
import type { Score } from './score.ts';

export const scorePreferredAffinity: Score = ({ claim, load }) => {
  const preferred = claim.pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
  if (preferred === undefined || preferred.length === 0) return 0;
  let [matched, total] = [0, 0];
  for (const { weight, preference } of preferred) {
    total += weight;
    if (matchesNodeSelectorTerm(preference, load.node)) matched += weight;
  }
  return total === 0 ? 0 : (100 * matched) / total;
};
