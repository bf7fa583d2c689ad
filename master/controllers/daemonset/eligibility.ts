/** Where the pods of a DaemonSet belong. Pure. */

import { matchesNodeAffinity } from '../../../shared/kubernetes/node-affinity.ts';
import type {
  DaemonSet,
  Node,
  Pod,
  PodTemplateSpec,
  Toleration,
} from '../../../shared/kubernetes/objects.ts';
import { TAINT, untoleratedTaints } from '../../../shared/kubernetes/taints.ts';

export const REVISION_LABEL = 'controller-revision-hash';

/** What Kubernetes has every daemon pod tolerate: it belongs to its node, in good days and bad. */
const TOLERATIONS: readonly Toleration[] = [
  { key: TAINT.notReady, operator: 'Exists', effect: 'NoExecute' },
  { key: TAINT.unreachable, operator: 'Exists', effect: 'NoExecute' },
  { key: TAINT.diskPressure, operator: 'Exists', effect: 'NoSchedule' },
  { key: TAINT.memoryPressure, operator: 'Exists', effect: 'NoSchedule' },
  { key: TAINT.pidPressure, operator: 'Exists', effect: 'NoSchedule' },
  { key: TAINT.unschedulable, operator: 'Exists', effect: 'NoSchedule' },
];
const ON_HOST_NETWORK: Toleration = {
  key: TAINT.networkUnavailable,
  operator: 'Exists',
  effect: 'NoSchedule',
};

/** Whether a node should get a daemon pod, and whether one that is there may stay. */
export function eligibility(
  daemonSet: DaemonSet,
  node: Node,
): { readonly isWanted: boolean; readonly mayStay: boolean } {
  const spec = daemonSet.spec.template.spec ?? { containers: [] };
  const isNamed = !spec.nodeName || spec.nodeName === node.metadata.name;
  if (!isNamed || !matchesNodeAffinity(spec, node)) return { isWanted: false, mayStay: false };
  const tolerations = tolerationsOf(daemonSet);
  const taints = node.spec?.taints;
  return {
    isWanted: untoleratedTaints(taints, tolerations, ['NoSchedule', 'NoExecute']).length === 0,
    mayStay: untoleratedTaints(taints, tolerations, ['NoExecute']).length === 0,
  };
}

function tolerationsOf({ spec }: DaemonSet): readonly Toleration[] {
  const own = spec.template.spec?.tolerations ?? [];
  const added = spec.template.spec?.hostNetwork ? [...TOLERATIONS, ON_HOST_NETWORK] : TOLERATIONS;
  const isMissing = (toleration: Toleration) =>
    !own.some(
      ({ key, operator, effect }) =>
        key === toleration.key && operator === 'Exists' && effect === toleration.effect,
    );
  return [...own, ...added.filter(isMissing)];
}

/** The template as a pod for one node has it: bound to it by name, so that the scheduler still checks that it fits. */
export function templateFor(daemonSet: DaemonSet, node: string, hash: string): PodTemplateSpec {
  const { metadata, spec = { containers: [] } } = daemonSet.spec.template;
  const labels = { ...metadata?.labels, [REVISION_LABEL]: hash };
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] };
  const nodeAffinity = {
    ...spec.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
  };
  return {
    metadata: { ...metadata, labels },
    spec: {
      ...spec,
      tolerations: [...tolerationsOf(daemonSet)],
      affinity: { ...spec.affinity, nodeAffinity },
    },
  };
}

/** The node that a daemon pod is on, or is meant for. Undefined for a pod that says neither. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const terms =
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms?.flatMap(term => term.matchFields ?? []).find(({ key }) => key === 'metadata.name')
    ?.values?.[0];
}
