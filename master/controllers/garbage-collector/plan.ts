/**
 * Garbage collection by owner references: an object goes when all its owners are gone, and an owner that is deleted in the
 * foreground, or that orphans its dependents, goes after they have been seen to. One loop over objects of every kind.
 */
import type { KindMap, KindName, KubeObject, ObjectRef } from '../../../shared/kubernetes/objects.ts';
import { refOf } from '../../../shared/kubernetes/references.ts';
import type { ClusterView, Dependent, ViewChange } from '../../watch/cluster-view.ts';
import { deleteOf, updateOf } from '../actions.ts';
import { withoutOwner } from '../claim.ts';
import type { Action, Loop, Plan } from '../controller.ts';
import {
  FOREGROUND,
  isWaitingForDependents,
  type Located,
  locateOwner,
  ORPHAN,
  ownerState,
} from './owners.ts';

export const garbageCollector: Loop<Located> = {
  name: 'garbage-collector',
  keys: view =>
    view
      .kinds()
      .filter(mayHaveOwners)
      .flatMap(kind => view.list(kind).map(object => ({ kind, ref: refOf(object) }))),
  woken: wokenBy,
  textOf: ({ kind, ref }) => JSON.stringify([kind, ref.namespace ?? '', ref.name]),
  parse: text => {
    const [kind, namespace, name] = JSON.parse(text);
    return { kind, ref: namespace === '' ? { name } : { namespace, name } };
  },
  plan: (key, { view }) => planGarbage(key.kind, key.ref, view),
};

/** Events never have owners, and there are many of them. */
function mayHaveOwners(kind: KindName): boolean {
  return kind !== 'Event';
}

function wokenBy({ kind, before, after }: ViewChange, view: ClusterView): readonly Located[] {
  if (!mayHaveOwners(kind)) return [];
  return [before, after].flatMap((object: KubeObject | undefined) => {
    if (object === undefined) return [];
    const self = { kind, ref: refOf(object) };
    const { uid, namespace, deletionTimestamp, ownerReferences = [] } = object.metadata;
    const isGoing = after === undefined || after.metadata.uid !== uid || deletionTimestamp !== undefined;
    const dependents = isGoing ? view.dependentsOf(uid) : [];
    const waitingOwners = ownerReferences
      .flatMap(owner => locateOwner(owner, namespace, view) ?? [])
      .filter(({ kind, ref }) => view.get(kind, ref)?.metadata.deletionTimestamp !== undefined);
    return [
      self,
      ...dependents.map(each => ({ kind: each.kind, ref: refOf(each.object) })),
      ...waitingOwners,
    ];
  });
}

/** What is next for one object, as the owner of others and as a dependent itself. */
function planGarbage<K extends KindName>(kind: K, ref: ObjectRef, view: ClusterView): Plan {
  const object = view.get(kind, ref);
  if (object === undefined) return { actions: [] };
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp !== undefined && finalizers.includes(ORPHAN))
    return { actions: orphan(kind, object, view) };
  if (deletionTimestamp !== undefined && finalizers.includes(FOREGROUND))
    return { actions: waitForDependents(kind, object, view) };
  return { actions: deletionTimestamp === undefined ? followOwners(kind, object, view) : [] };
}

/** Those that this owner is in reach of: an object in another namespace than its owner has no owner. */
function dependentsOf({ metadata }: KubeObject, view: ClusterView): readonly Dependent[] {
  return view
    .dependentsOf(metadata.uid)
    .filter(
      ({ object }) => metadata.namespace === undefined || object.metadata.namespace === metadata.namespace,
    );
}

function orphan<K extends KindName>(kind: K, object: KindMap[K], view: ClusterView): readonly Action[] {
  const dependents = dependentsOf(object, view);
  if (dependents.length === 0) return [updateOf(kind, withoutFinalizer<K>(object, ORPHAN))];
  return dependents.flatMap(dependent => release(dependent.kind, refOf(dependent.object), object, view));
}

function release<K extends KindName>(
  kind: K,
  ref: ObjectRef,
  owner: KubeObject,
  view: ClusterView,
): readonly Action[] {
  const object = view.get(kind, ref);
  return object === undefined ? [] : [updateOf(kind, withoutOwner<K>(object, owner.metadata.uid))];
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
  const dependents = dependentsOf(object, view);
  // In a circle everyone would wait for everyone: whoever has a dependent that waits itself lets its own owners go.
  const isCircle = isWaited && dependents.some(dependent => isWaitingForDependents(dependent.object));
  if (isCircle && ownerReferences.some(({ blockOwnerDeletion }) => blockOwnerDeletion)) {
    const unblocked = ownerReferences.map(owner => ({ ...owner, blockOwnerDeletion: false }));
    return [updateOf(kind, { ...object, metadata: { ...object.metadata, ownerReferences: unblocked } })];
  }
  const propagation = isWaited && dependents.length > 0 ? 'Foreground' : 'Background';
  return [deleteOf(kind, object, { propagation, resourceVersion })];
}
