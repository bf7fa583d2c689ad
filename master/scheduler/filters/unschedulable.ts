/** A cordoned node takes only pods that tolerate it, such as those of a DaemonSet. */
import { TAINT, tolerates } from '../../../shared/kubernetes/taints.ts';
import { type Filter, PASSES } from './filter.ts';

const CORDON = { key: TAINT.unschedulable, effect: 'NoSchedule' };

export const filterUnschedulable: Filter = ({ claim, load }) => {
  if (load.node.spec?.unschedulable !== true) return PASSES;
  const isTolerated = claim.pod.spec.tolerations?.some(toleration => tolerates(toleration, CORDON)) === true;
  return isTolerated ? PASSES : ['node(s) were unschedulable'];
};
