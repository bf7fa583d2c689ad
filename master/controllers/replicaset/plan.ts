/** ReplicaSet and ReplicationController: keep as many pods of a template as the spec says. */
import type { KindMap, LabelSelector, Pod } from '../../../shared/kubernetes/objects.ts';
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

export const replicationController: Controller<'ReplicationController'> = {
  name: 'replication-controller',
  of: 'ReplicationController',
  wakes: { Pod: (pod, view) => ownersOf('ReplicationController', pod, view) },
  plan(input) {
    const object = input.view.get('ReplicationController', input.ref);
    if (object === undefined) return { actions: [] };
    const selector = { matchLabels: object.spec.selector };
    return planReplicas(input, { of: 'ReplicationController', object, selector });
  },
};

function planReplicaSet(input: PlanInput): Plan {
  const object = input.view.get('ReplicaSet', input.ref);
  if (object === undefined) return { actions: [] };
  return planReplicas(input, { of: 'ReplicaSet', object, selector: object.spec.selector });
}

/** Either kind; their specs differ in the shape of the selector alone. */
type Owner = {
  [K in 'ReplicaSet' | 'ReplicationController']: {
    readonly of: K;
    readonly object: KindMap[K];
    readonly selector: LabelSelector;
  };
}['ReplicaSet' | 'ReplicationController'];

/** Creates what is missing or deletes what is too much, and says in the status what there is. */
function planReplicas(input: PlanInput, owner: Owner): Plan {
  const { view, ref, nowMs } = input;
  const { object, selector } = owner;
  const isDeleting = object.metadata.deletionTimestamp !== undefined;
  const { owned, actions } = isDeleting
    ? { owned: view.ownedBy('Pod', object.metadata.uid), actions: [] }
    : claim(view, {
        of: 'Pod',
        owner: { metadata: object.metadata, spec: { selector } },
        ownerKind: owner.of,
      });
  const pods = owned.filter(isPodActive);
  const mayScale = !isDeleting && actions.length === 0 && !isNamespaceTerminating(view, ref.namespace);
  const scaling = mayScale ? scale(owner, pods, input.suffix) : [];
  const status = statusAction(owner, pods, nowMs);
  return {
    actions: [...actions, ...scaling, ...(status === undefined ? [] : [status])],
    againAtMs: nextAvailableAtMs(pods, object.spec.minReadySeconds, nowMs),
  };
}

function scale(owner: Owner, pods: readonly Pod[], suffix: () => string): readonly Action[] {
  const missing = (owner.object.spec.replicas ?? 1) - pods.length;
  if (missing > 0)
    return Array.from({ length: Math.min(missing, MAX_PODS_PER_PLAN) }, () => create(owner, suffix())).flat();
  const excess = Math.min(-missing, MAX_PODS_PER_PLAN);
  return victims(pods, excess).flatMap(pod => [
    deleteOf('Pod', pod),
    tell(owner, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`),
  ]);
}

function create(owner: Owner, suffix: string): readonly Action[] {
  const { name, namespace } = owner.object.metadata;
  const reference = controllerReference(owner.of, owner.object);
  const template = owner.object.spec.template ?? {};
  const object = podFromTemplate({ template, ownerName: name, namespace, owner: reference, suffix });
  return [
    { kind: 'create', of: 'Pod', object },
    tell(owner, 'SuccessfulCreate', `Created pod: ${object.metadata.name}`),
  ];
}

function tell({ of, object }: Owner, reason: string, message: string): Action {
  return { kind: 'event', about: subjectOf(of, object), type: 'Normal', reason, message };
}

function statusAction(owner: Owner, pods: readonly Pod[], nowMs: number): Action | undefined {
  const { minReadySeconds, template } = owner.object.spec;
  const labels = Object.entries(template?.metadata?.labels ?? {});
  const counts = {
    replicas: pods.length,
    fullyLabeledReplicas: pods.filter(pod =>
      labels.every(([key, value]) => pod.metadata.labels?.[key] === value),
    ).length,
    readyReplicas: pods.filter(isPodReady).length,
    availableReplicas: pods.filter(pod => (podAvailableAtMs(pod, minReadySeconds) ?? Infinity) <= nowMs)
      .length,
    observedGeneration: owner.object.metadata.generation ?? 0,
  };
  const before = owner.object.status;
  const isSame =
    before !== undefined &&
    before.replicas === counts.replicas &&
    (before.fullyLabeledReplicas ?? 0) === counts.fullyLabeledReplicas &&
    (before.readyReplicas ?? 0) === counts.readyReplicas &&
    (before.availableReplicas ?? 0) === counts.availableReplicas &&
    before.observedGeneration === counts.observedGeneration;
  if (isSame) return undefined;
  const status = { ...before, ...counts };
  return owner.of === 'ReplicaSet'
    ? { kind: 'updateStatus', of: owner.of, object: { ...owner.object, status } }
    : { kind: 'updateStatus', of: owner.of, object: { ...owner.object, status } };
}

/** When the next ready pod will have been ready long enough. */
function nextAvailableAtMs(pods: readonly Pod[], minReadySeconds: number | undefined, nowMs: number) {
  const times = pods
    .map(pod => podAvailableAtMs(pod, minReadySeconds))
    .filter(atMs => atMs !== undefined && atMs > nowMs);
  return times.length === 0 ? undefined : Math.min(...times.map(Number));
}
