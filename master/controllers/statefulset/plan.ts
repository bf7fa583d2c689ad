/** StatefulSet: numbered pods that keep their names and their volumes, made and replaced in order. */
import type { Pod, StatefulSet } from '../../../shared/kubernetes/objects.ts';
import { podAvailableAtMs } from '../../../shared/kubernetes/pod-state.ts';
import { subjectOf } from '../../events/event.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { deleteOf } from '../actions.ts';
import { claim } from '../claim.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { historyOf, templateOf } from '../revisions.ts';
import { isNamespaceTerminating, ownersOf } from '../wakes.ts';
import { isReady, isTerminating, type Members } from './members.ts';
import { claimsOf, newPod, ordinalOf, podName, REVISION_LABEL, reownedClaim } from './pods.ts';
import { statusAction } from './status.ts';

const HASH_LABEL = 'controller.kubernetes.io/hash';

export const statefulSetController: Controller<'StatefulSet'> = {
  name: 'statefulset-controller',
  of: 'StatefulSet',
  wakes: {
    Pod: (pod, view) => ownersOf('StatefulSet', pod, view),
    ControllerRevision: (revision, view) => ownersOf('StatefulSet', revision, view),
  },
  plan: planStatefulSet,
};

/** The next step in order, or with Parallel every step that is due, and the status. */
function planStatefulSet(input: PlanInput): Plan {
  const { view, ref, nowMs } = input;
  const set = view.get('StatefulSet', ref);
  if (set === undefined) return { actions: [] };
  const isDeleting = set.metadata.deletionTimestamp !== undefined;
  const claimed = claim(view, {
    of: 'Pod',
    owner: set,
    ownerKind: 'StatefulSet',
    mayAdopt: pod => ordinalOf(set, pod) !== undefined,
  });
  if (!isDeleting && claimed.actions.length > 0) return { actions: claimed.actions };
  const inUse = new Set([
    set.status?.currentRevision,
    set.status?.updateRevision,
    ...claimed.owned.map(revisionOf),
  ]);
  const history = historyOf(view, {
    owner: set,
    ownerKind: 'StatefulSet',
    hashLabel: HASH_LABEL,
    isLive: ({ metadata }) => inUse.has(metadata.name),
  });
  const mayWrite = !isDeleting && !isNamespaceTerminating(view, ref.namespace);
  if (mayWrite && history.isTaken) return { actions: [countCollision(set)] };
  const current = history.revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision);
  const members: Members = {
    set,
    ...membersOf(set, claimed.owned),
    update: { revision: history.name, template: set.spec.template },
    current:
      current === undefined
        ? { revision: history.name, template: set.spec.template }
        : { revision: current.metadata.name, template: templateOf(current, set.spec.template) },
  };
  const steps = mayWrite ? nextSteps(members, view, nowMs) : [];
  return {
    actions: [...(mayWrite ? history.actions : []), ...steps, ...statusAction(members, claimed.owned, nowMs)],
    againAtMs: nextLookAtMs(members, nowMs),
  };
}

function revisionOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[REVISION_LABEL];
}

function countCollision(set: StatefulSet): Action {
  const status = { replicas: 0, ...set.status, collisionCount: (set.status?.collisionCount ?? 0) + 1 };
  return { kind: 'updateStatus', of: 'StatefulSet', object: { ...set, status } };
}

function membersOf(set: StatefulSet, pods: readonly Pod[]): Pick<Members, 'places' | 'condemned'> {
  const start = set.spec.ordinals?.start ?? 0;
  const byOrdinal = new Map(pods.map(pod => [ordinalOf(set, pod), pod]));
  const places = Array.from({ length: set.spec.replicas ?? 1 }, (_, i) => ({
    ordinal: start + i,
    pod: byOrdinal.get(start + i),
  }));
  const wanted = new Set(places.map(({ ordinal }) => ordinal));
  const condemned = pods
    .flatMap(pod => {
      const ordinal = ordinalOf(set, pod);
      return ordinal === undefined || wanted.has(ordinal) ? [] : [{ ordinal, pod }];
    })
    .sort((a, b) => b.ordinal - a.ordinal);
  return { places, condemned };
}

/** In order: fill and mend from the lowest number up, give up the surplus from the highest down, then move to the new template. */
function nextSteps(members: Members, view: ClusterView, nowMs: number): readonly Action[] {
  const isOrdered = members.set.spec.podManagementPolicy !== 'Parallel';
  const owned = reownedClaims(members, view);
  const filled = fill(members, { view, nowMs, isOrdered });
  if (isOrdered && filled.mustWait) return [...owned, ...filled.actions];
  const shrunk = shrink(members, { nowMs, isOrdered });
  if (isOrdered && shrunk.mustWait) return [...owned, ...shrunk.actions];
  const moved = filled.mustWait || shrunk.mustWait ? [] : roll(members, nowMs);
  return [...owned, ...filled.actions, ...shrunk.actions, ...moved];
}

type Steps = { readonly actions: readonly Action[]; readonly mustWait: boolean };
type Rules = { readonly nowMs: number; readonly isOrdered: boolean };

function fill(members: Members, { view, nowMs, isOrdered }: Rules & { view: ClusterView }): Steps {
  const actions: Action[] = [];
  let mustWait = false;
  for (const { ordinal, pod } of members.places) {
    const step = pod === undefined ? make(members, ordinal, view) : mend(members.set, pod);
    actions.push(...step);
    const isSettled = pod !== undefined && step.length === 0 && isAvailable(members.set, pod, nowMs);
    if (step.length > 0 || (isOrdered && !isSettled)) mustWait = true;
    if (isOrdered && mustWait) break;
  }
  return { actions, mustWait };
}

/** A pod that ended is deleted, so that the next one can take its name. */
function mend(set: StatefulSet, pod: Pod): readonly Action[] {
  const phase = pod.status?.phase;
  if (isTerminating(pod) || (phase !== 'Failed' && phase !== 'Succeeded')) return [];
  const [reason, word] =
    phase === 'Failed' ? ['RecreatingFailedPod', 'failed'] : ['RecreatingTerminatedPod', 'terminated'];
  const { name, namespace } = set.metadata;
  const message = `StatefulSet ${namespace}/${name} is recreating ${word} Pod ${pod.metadata.name}`;
  return [
    deleteOf('Pod', pod),
    { kind: 'event', about: subjectOf('StatefulSet', set), type: 'Warning', reason, message },
  ];
}

/** Its claims first: the pod that mounts them follows in the next plan. */
function make(members: Members, ordinal: number, view: ClusterView): readonly Action[] {
  const { set, current, update } = members;
  const name = podName(set, ordinal);
  const missing = claimsOf(set, ordinal).filter(
    ({ metadata }) =>
      view.get('PersistentVolumeClaim', { namespace: set.metadata.namespace, name: metadata.name ?? '' }) ===
      undefined,
  );
  if (missing.length > 0)
    return missing.flatMap((object): readonly Action[] => [
      { kind: 'create', of: 'PersistentVolumeClaim', object },
      tell(
        set,
        'SuccessfulCreate',
        `create Claim ${object.metadata.name} Pod ${name} in StatefulSet ${set.metadata.name} success`,
      ),
    ]);
  const object = newPod(set, ordinal, isBelowPartition(set, ordinal) ? current : update);
  return [
    { kind: 'create', of: 'Pod', object },
    tell(set, 'SuccessfulCreate', `create Pod ${name} in StatefulSet ${set.metadata.name} successful`),
  ];
}

/** Pods below the partition stay at, and come back with, the template of before. */
function isBelowPartition({ spec }: StatefulSet, ordinal: number): boolean {
  if (spec.updateStrategy?.type === 'OnDelete') return false;
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  return ordinal < (spec.ordinals?.start ?? 0) + partition;
}

function shrink({ set, places, condemned }: Members, { nowMs, isOrdered }: Rules): Steps {
  const actions: Action[] = [];
  const all = [...places.flatMap(({ pod }) => pod ?? []), ...[...condemned].reverse().map(({ pod }) => pod)];
  const firstUnhealthy = all.find(pod => !isReady(pod) || isTerminating(pod));
  for (const { pod } of condemned) {
    const isBlocked = !isAvailable(set, pod, nowMs) && pod !== firstUnhealthy;
    if (!isTerminating(pod) && !(isOrdered && isBlocked)) actions.push(...remove(set, pod));
    if (isOrdered) return { actions, mustWait: true };
  }
  return { actions, mustWait: actions.length > 0 };
}

/** The highest pod of another template goes, once all above it are healthy. */
function roll({ set, places, update }: Members, nowMs: number): readonly Action[] {
  if (set.spec.updateStrategy?.type === 'OnDelete') return [];
  for (const { ordinal, pod } of [...places].reverse()) {
    if (isBelowPartition(set, ordinal) || pod === undefined) return [];
    if (revisionOf(pod) !== update.revision && !isTerminating(pod)) return remove(set, pod);
    if (!isAvailable(set, pod, nowMs)) return [];
  }
  return [];
}

function remove(set: StatefulSet, pod: Pod): readonly Action[] {
  const message = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
  return [deleteOf('Pod', pod), tell(set, 'SuccessfulDelete', message)];
}

function tell(set: StatefulSet, reason: string, message: string): Action {
  return { kind: 'event', about: subjectOf('StatefulSet', set), type: 'Normal', reason, message };
}

function isAvailable({ spec }: StatefulSet, pod: Pod, nowMs: number): boolean {
  return (
    isReady(pod) && !isTerminating(pod) && (podAvailableAtMs(pod, spec.minReadySeconds) ?? Infinity) <= nowMs
  );
}

function reownedClaims({ set, places, condemned }: Members, view: ClusterView): readonly Action[] {
  const { namespace } = set.metadata;
  const of = (isCondemned: boolean) => (place: { readonly ordinal: number; readonly pod: Pod | undefined }) =>
    claimsOf(set, place.ordinal).flatMap(({ metadata }): readonly Action[] => {
      const claim = view.get('PersistentVolumeClaim', { namespace, name: metadata.name ?? '' });
      const object =
        claim === undefined ? undefined : reownedClaim(set, claim, { pod: place.pod, isCondemned });
      return object === undefined ? [] : [{ kind: 'update', of: 'PersistentVolumeClaim', object }];
    });
  return [...places.flatMap(of(false)), ...condemned.flatMap(of(true))];
}

function nextLookAtMs({ set, places }: Members, nowMs: number): number | undefined {
  const times = places
    .map(({ pod }) => (pod === undefined ? 0 : (podAvailableAtMs(pod, set.spec.minReadySeconds) ?? 0)))
    .filter(atMs => atMs > nowMs);
  return times.length === 0 ? undefined : Math.min(...times);
}
