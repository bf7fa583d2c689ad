/** Taints NoSchedule and NoExecute keep pods away that do not tolerate them. */
import { untoleratedTaints } from '../../../shared/kubernetes/taints.ts';
import { type Filter, PASSES } from './filter.ts';

export const filterTaints: Filter = ({ claim, load }) => {
  const taints = load.node.spec?.taints;
  if (taints === undefined || taints.length === 0) return PASSES;
  const [taint] = untoleratedTaints(taints, claim.pod.spec.tolerations, ['NoSchedule', 'NoExecute']);
  return taint === undefined
    ? PASSES
    : [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`];
};
