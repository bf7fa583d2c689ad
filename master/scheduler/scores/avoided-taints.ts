/** Prefers nodes without PreferNoSchedule taints that the pod does not tolerate. */
import { untoleratedTaints } from '../../../shared/kubernetes/taints.ts';
import type { Score } from './score.ts';

export const scoreAvoidedTaints: Score = ({ claim, load }) => {
  const taints = load.node.spec?.taints;
  if (taints === undefined || taints.length === 0) return 100;
  return 100 / (1 + untoleratedTaints(taints, claim.pod.spec.tolerations, ['PreferNoSchedule']).length);
};
