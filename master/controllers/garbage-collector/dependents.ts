/** Who depends on whom by owner references. Pure. */
import type { KindName, KubeObject, ObjectRef, OwnerReference } from '../../../shared/kubernetes/objects.ts';
import { KIND_INFO, KIND_NAMES, kindOfOwner } from '../../../shared/kubernetes/references.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/** Kinds that may have owners. Events never do, and there are many of them. */
export const DEPENDENT_KINDS: readonly KindName[] = KIND_NAMES.filter(kind => kind !== 'Event');

export type Dependent = { readonly kind: KindName; readonly object: KubeObject };

/** Objects of `kind` that refer to this owner. O(objects of the kind in the owner's reach). */
export function dependentsOfKind(kind: KindName, owner: KubeObject, view: ClusterView): readonly Dependent[] {
  const { uid, namespace } = owner.metadata;
  if (namespace !== undefined && !KIND_INFO[kind].namespaced) return [];
  return view
    .list(kind, namespace)
    .filter(object => object.metadata.ownerReferences?.some(reference => reference.uid === uid) === true)
    .map(object => ({ kind, object }));
}

/** Objects of every kind that refer to this owner. */
export function dependentsOf(owner: KubeObject, view: ClusterView): readonly Dependent[] {
  return DEPENDENT_KINDS.flatMap(kind => dependentsOfKind(kind, owner, view));
}

/** `unknown`: of a kind that is not ours to judge; `waiting`: being deleted, but only after its dependents. */
type OwnerState = 'absent' | 'present' | 'waiting' | 'unknown';

/** How it stands with one owner of an object in `namespace`. */
export function ownerState(
  owner: OwnerReference,
  namespace: string | undefined,
  view: ClusterView,
): OwnerState {
  const kind = kindOfOwner(owner);
  if (kind === undefined) return 'unknown';
  const found = view.get(kind, ownerRef(kind, owner, namespace));
  if (found === undefined || found.metadata.uid !== owner.uid) return 'absent';
  const { deletionTimestamp, finalizers = [] } = found.metadata;
  return deletionTimestamp !== undefined && finalizers.includes(FOREGROUND) ? 'waiting' : 'present';
}

/** Where an owner of this kind is, seen from an object in `namespace`. */
export function ownerRef(kind: KindName, owner: OwnerReference, namespace: string | undefined): ObjectRef {
  return KIND_INFO[kind].namespaced ? { namespace, name: owner.name } : { name: owner.name };
}
