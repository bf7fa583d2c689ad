/** ReplicaSet and ReplicationController: keep as many pods of a template as the spec says. */
import type { ApiError } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap, LabelSelector, Pod } from '../../../shared/kubernetes/objects.ts';
import { isPodActive, isPodReady, podAvailableAtMs } from '../../../shared/kubernetes/pod-state.ts';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';
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
  plan: input => planReplicas(input, replicaSet(input)),
  refused: (input, refusal) => tellRefusal(input, replicaSet(input), refusal),
};

export const replicationController: Controller<'ReplicationController'> = {
  name: 'replication-controller',
  of: 'ReplicationController',
  wakes: { Pod: (pod, view) => ownersOf('ReplicationController', pod, view) },
  plan: input => planReplicas(input, replicationOwner(input)),
  refused: (input, refusal) => tellRefusal(input, replicationOwner(input), refusal),
};

function replicaSet({ view, ref }: PlanInput): Owner | undefined {
  const object = view.get('ReplicaSet', ref);
  return object && { of: 'ReplicaSet', object, selector: object.spec.selector };
}

function replicationOwner({ view, ref }: PlanInput): Owner | undefined {
  const object = view.get('ReplicationController', ref);
  return object && { of: 'ReplicationController', object, selector: { matchLabels: object.spec.selector } };
}

/** Either kind; their specs differ in the shape of the selector alone. */
type Owner = {
  [K in 'ReplicaSet' | 'ReplicationController']: {
    readonly of: K;
    readonly object: KindMap[K];
    readonly selector: LabelSelector;
  };
}['ReplicaSet' | 'ReplicationController'];

type Status = NonNullable<KindMap['ReplicaSet']['status']>;
type Condition = NonNullable<Status['conditions']>[number];
const REPLICA_FAILURE = 'ReplicaFailure';

/** Creates what is missing or deletes what is too much, and says in the status what there is. */
function planReplicas(input: PlanInput, owner: Owner | undefined): Plan {
  if (owner === undefined) return { actions: [] };
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
  const missing = missingOf(owner, pods.length);
  if (missing > 0)
    return Array.from({ length: Math.min(missing, MAX_PODS_PER_PLAN) }, () => create(owner, suffix())).flat();
  const excess = Math.min(-missing, MAX_PODS_PER_PLAN);
  return victims(pods, excess).flatMap(pod => [
    deleteOf('Pod', pod),
    tell(owner, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`),
  ]);
}

function missingOf({ object }: Owner, present: number): number {
  return (object.spec.replicas ?? 1) - present;
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

/** Once, until every pod is there: the condition that Kubernetes sets, and an event. */
function tellRefusal(
  { nowMs }: PlanInput,
  owner: Owner | undefined,
  { message }: ApiError,
): readonly Action[] {
  if (owner === undefined) return [];
  const { of, object } = owner;
  const before: readonly Condition[] = object.status?.conditions ?? [];
  if (before.some(({ type }) => type === REPLICA_FAILURE)) return [];
  const reason = missingOf(owner, object.status?.replicas ?? 0) > 0 ? 'FailedCreate' : 'FailedDelete';
  const lastTransitionTime = formatTime(nowMs);
  const condition = { type: REPLICA_FAILURE, status: 'True', reason, message, lastTransitionTime };
  const status = { replicas: 0, ...object.status, conditions: [...before, condition] };
  const verb = reason === 'FailedCreate' ? 'creating' : 'deleting';
  return [
    withStatus(owner, status),
    {
      kind: 'event',
      about: subjectOf(of, object),
      type: 'Warning',
      reason,
      message: `Error ${verb}: ${message}`,
    },
  ];
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
  const isWhole = missingOf(owner, pods.length) === 0;
  const conditions = (before?.conditions ?? []).filter(({ type }) => !isWhole || type !== REPLICA_FAILURE);
  const isSame =
    before !== undefined &&
    before.replicas === counts.replicas &&
    (before.fullyLabeledReplicas ?? 0) === counts.fullyLabeledReplicas &&
    (before.readyReplicas ?? 0) === counts.readyReplicas &&
    (before.availableReplicas ?? 0) === counts.availableReplicas &&
    before.observedGeneration === counts.observedGeneration &&
    conditions.length === (before.conditions ?? []).length;
  if (isSame) return undefined;
  return withStatus(owner, { ...before, ...counts, ...(before?.conditions && { conditions }) });
}

function withStatus(owner: Owner, status: Status): Action {
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
