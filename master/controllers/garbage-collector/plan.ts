/**
 * Garbage collection by owner references: an object goes when all its owners are gone, and an owner that is deleted in the
 * foreground, or that orphans its dependents, goes after they have been seen to. One controller per kind.
 */
import type { KindMap, KindName, KubeObject } from '../../../shared/kubernetes/objects.ts';
import { kindOfOwner, refOf } from '../../../shared/kubernetes/references.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { deleteOf, updateOf } from '../actions.ts';
import { withoutOwner } from '../claim.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import {
  DEPENDENT_KINDS,
  type Dependent,
  dependentsOf,
  dependentsOfKind,
  FOREGROUND,
  ORPHAN,
  ownerRef,
  ownerState,
} from './dependents.ts';

/** Collects the objects of one kind. */
export function garbageCollectorOf<K extends KindName>(kind: K): Controller<K> {
  const wake = (object: KubeObject, view: ClusterView) => [
    ...(isGoing(object, view) ? dependentsOfKind(kind, object, view).map(({ object }) => refOf(object)) : []),
    ...waitingOwners(kind, object, view),
  ];
  const wakes: Controller['wakes'] = {
    Namespace: wake,
    Node: wake,
    Pod: wake,
    ConfigMap: wake,
    Secret: wake,
    Lease: wake,
    Deployment: wake,
    ReplicaSet: wake,
    DaemonSet: wake,
  };
  return { name: 'garbage-collector', of: kind, wakes, plan: input => planGarbage(kind, input) };
}

/** Every kind's collector. */
export const garbageCollectors = DEPENDENT_KINDS.map(kind => garbageCollectorOf(kind));

/** True when dependents may have something to do: the owner is gone, replaced, or waits for them. */
function isGoing(object: KubeObject, view: ClusterView): boolean {
  const kind = DEPENDENT_KINDS.find(name => name === object.kind);
  if (kind === undefined) return false;
  const found = view.get(kind, refOf(object));
  return found?.metadata.uid !== object.metadata.uid || object.metadata.deletionTimestamp !== undefined;
}

/** Owners of this kind that wait for the object to go or to let go of them. */
function waitingOwners(kind: KindName, { metadata }: KubeObject, view: ClusterView) {
  return (metadata.ownerReferences ?? [])
    .filter(owner => kindOfOwner(owner) === kind)
    .map(owner => ownerRef(kind, owner, metadata.namespace))
    .filter(ref => view.get(kind, ref)?.metadata.deletionTimestamp !== undefined);
}

/** What is next for one object, as the owner of others and as a dependent itself. */
function planGarbage<K extends KindName>(kind: K, { view, ref }: PlanInput): Plan {
  const object = view.get(kind, ref);
  if (object === undefined) return { actions: [] };
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp !== undefined && finalizers.includes(ORPHAN))
    return { actions: orphan(kind, object, view) };
  if (deletionTimestamp !== undefined && finalizers.includes(FOREGROUND))
    return { actions: waitForDependents(kind, object, view) };
  return { actions: deletionTimestamp === undefined ? followOwners(kind, object, view) : [] };
}

function orphan<K extends KindName>(kind: K, object: KindMap[K], view: ClusterView): readonly Action[] {
  const dependents = dependentsOf(object, view);
  if (dependents.length === 0) return [updateOf(kind, withoutFinalizer<K>(object, ORPHAN))];
  return dependents.flatMap(dependent => release(dependent, object.metadata.uid, view));
}

function release({ kind, object }: Dependent, ownerUid: string, view: ClusterView): readonly Action[] {
  return releaseOne(kind, object, { ownerUid, view });
}

function releaseOne<K extends KindName>(
  kind: K,
  { metadata }: KubeObject,
  { ownerUid, view }: { ownerUid: string; view: ClusterView },
): readonly Action[] {
  const object = view.get(kind, refOf({ metadata }));
  return object === undefined ? [] : [updateOf(kind, withoutOwner<K>(object, ownerUid))];
}

/** The dependents' own plans delete them; the owner goes when none is left that blocks it. */
function waitForDependents<K extends KindName>(
  kind: K,
  object: KindMap[K],
  view: ClusterView,
): readonly Action[] {
  const { uid } = object.metadata;
  const isBlocked = dependentsOf(object, view).some(dependent =>
    dependent.object.metadata.ownerReferences?.some(
      owner => owner.uid === uid && owner.blockOwnerDeletion === true,
    ),
  );
  return isBlocked ? [] : [updateOf(kind, withoutFinalizer<K>(object, FOREGROUND))];
}

function withoutFinalizer<K extends KindName>(object: KindMap[K], finalizer: string): KindMap[K] {
  const finalizers = (object.metadata.finalizers ?? []).filter(name => name !== finalizer);
  return { ...object, metadata: { ...object.metadata, finalizers } };
}

/** The resource version guards against an owner that was added meanwhile. */
function followOwners<K extends KindName>(kind: K, object: KindMap[K], view: ClusterView): readonly Action[] {
  const { ownerReferences = [], namespace, resourceVersion } = object.metadata;
  if (ownerReferences.length === 0) return [];
  const states = ownerReferences.map(owner => ({ owner, state: ownerState(owner, namespace, view) }));
  const gone = states.filter(({ state }) => state === 'absent' || state === 'waiting');
  if (gone.length < states.length) {
    const kept = states
      .filter(({ state }) => state === 'present' || state === 'unknown')
      .map(({ owner }) => owner);
    const isStale = gone.length > 0;
    return isStale
      ? [updateOf(kind, { ...object, metadata: { ...object.metadata, ownerReferences: kept } })]
      : [];
  }
  const isWaited = states.some(({ state }) => state === 'waiting');
  const propagation = isWaited && dependentsOf(object, view).length > 0 ? 'Foreground' : 'Background';
  return [deleteOf(kind, object, { propagation, resourceVersion })];
}
