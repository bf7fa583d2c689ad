/** ReplicaSet: keeps as many pods of a template as its spec says. */
import type { Pod, ReplicaSet } from '../../../shared/kubernetes/objects.ts';
import { isPodActive, isPodReady, podAvailableAtMs } from '../../../shared/kubernetes/pod-state.ts';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import { subjectOf } from '../../events/event.ts';
import { deleteOf } from '../actions.ts';
import { claim } from '../claim.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { MAX_PODS_PER_PLAN } from '../limits.ts';
import { podFromTemplate } from '../pod-from-template.ts';
import { isNamespaceTerminating, ownersOf } from '../wakes.ts';
import { victims } from './victims.ts';

export const replicaSetController: Controller<'ReplicaSet'> = {
  name: 'replicaset-controller',
  of: 'ReplicaSet',
  wakes: { Pod: (pod, view) => ownersOf('ReplicaSet', pod, view) },
  plan: planReplicaSet,
};

/** Creates what is missing or deletes what is too much, and says in the status what there is. */
function planReplicaSet(input: PlanInput): Plan {
  const { view, ref, nowMs } = input;
  const replicaSet = view.get('ReplicaSet', ref);
  if (replicaSet === undefined) return { actions: [] };
  const isDeleting = replicaSet.metadata.deletionTimestamp !== undefined;
  const { owned, actions } = isDeleting
    ? { owned: view.ownedBy('Pod', replicaSet.metadata.uid), actions: [] }
    : claim(view, { of: 'Pod', owner: replicaSet, ownerKind: 'ReplicaSet' });
  const pods = owned.filter(isPodActive);
  const mayScale = !isDeleting && actions.length === 0 && !isNamespaceTerminating(view, ref.namespace);
  const scaling = mayScale ? scale(replicaSet, pods, input.suffix) : [];
  const status = statusAction(replicaSet, pods, nowMs);
  return {
    actions: [...actions, ...scaling, ...(status === undefined ? [] : [status])],
    againAtMs: nextAvailableAtMs(replicaSet, pods, nowMs),
  };
}

function scale(replicaSet: ReplicaSet, pods: readonly Pod[], suffix: () => string): readonly Action[] {
  const missing = (replicaSet.spec.replicas ?? 1) - pods.length;
  if (missing > 0)
    return Array.from({ length: Math.min(missing, MAX_PODS_PER_PLAN) }, () =>
      create(replicaSet, suffix()),
    ).flat();
  const excess = Math.min(-missing, MAX_PODS_PER_PLAN);
  return victims(pods, excess).flatMap(pod => [
    deleteOf('Pod', pod),
    tell(replicaSet, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`),
  ]);
}

function create(replicaSet: ReplicaSet, suffix: string): readonly Action[] {
  const { name, namespace } = replicaSet.metadata;
  const owner = controllerReference('ReplicaSet', replicaSet);
  const template = replicaSet.spec.template ?? {};
  const object = podFromTemplate({ template, ownerName: name, namespace, owner, suffix });
  return [
    { kind: 'create', of: 'Pod', object },
    tell(replicaSet, 'SuccessfulCreate', `Created pod: ${object.metadata.name}`),
  ];
}

function tell(replicaSet: ReplicaSet, reason: string, message: string): Action {
  return { kind: 'event', about: subjectOf('ReplicaSet', replicaSet), type: 'Normal', reason, message };
}

function statusAction(replicaSet: ReplicaSet, pods: readonly Pod[], nowMs: number): Action | undefined {
  const { minReadySeconds, template } = replicaSet.spec;
  const labels = Object.entries(template?.metadata?.labels ?? {});
  const counts = {
    replicas: pods.length,
    fullyLabeledReplicas: pods.filter(pod =>
      labels.every(([key, value]) => pod.metadata.labels?.[key] === value),
    ).length,
    readyReplicas: pods.filter(isPodReady).length,
    availableReplicas: pods.filter(pod => (podAvailableAtMs(pod, minReadySeconds) ?? Infinity) <= nowMs)
      .length,
    observedGeneration: replicaSet.metadata.generation ?? 0,
  };
  const before = replicaSet.status;
  const isSame =
    before !== undefined &&
    before.replicas === counts.replicas &&
    (before.fullyLabeledReplicas ?? 0) === counts.fullyLabeledReplicas &&
    (before.readyReplicas ?? 0) === counts.readyReplicas &&
    (before.availableReplicas ?? 0) === counts.availableReplicas &&
    before.observedGeneration === counts.observedGeneration;
  if (isSame) return undefined;
  return {
    kind: 'updateStatus',
    of: 'ReplicaSet',
    object: { ...replicaSet, status: { ...before, ...counts } },
  };
}

/** When the next ready pod will have been ready long enough. */
function nextAvailableAtMs(replicaSet: ReplicaSet, pods: readonly Pod[], nowMs: number): number | undefined {
  const times = pods
    .map(pod => podAvailableAtMs(pod, replicaSet.spec.minReadySeconds))
    .filter(atMs => atMs !== undefined && atMs > nowMs);
  return times.length === 0 ? undefined : Math.min(...times.map(Number));
}
