/** Where the owners that an object names are, and how it stands with them. Pure. */
import type { KindName, KubeObject, ObjectRef, OwnerReference } from '../../../shared/kubernetes/objects.ts';
import { groupOf, KIND_INFO, kindOfOwner } from '../../../shared/kubernetes/references.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { customKindName } from '../../watch/keys.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export type Located = { readonly kind: KindName; readonly ref: ObjectRef };

/** Where an owner is, seen from an object in `namespace`. Undefined when its kind is not ours to judge. */
export function locateOwner(
  owner: OwnerReference,
  namespace: string | undefined,
  view: ClusterView,
): Located | undefined {
  const at = (namespaced: boolean) => (namespaced ? { namespace, name: owner.name } : { name: owner.name });
  const kind = kindOfOwner(owner);
  if (kind !== undefined) return { kind, ref: at(KIND_INFO[kind].namespaced) };
  const group = groupOf(owner.apiVersion);
  const definition = view
    .list('CustomResourceDefinition')
    .find(({ spec }) => spec.group === group && spec.names.kind === owner.kind);
  if (definition === undefined) return undefined;
  const { names, scope } = definition.spec;
  return { kind: customKindName(group, names.plural), ref: at(scope === 'Namespaced') };
}

/** `unknown`: of a kind that is not ours to judge; `waiting`: being deleted, but only after its dependents. */
type OwnerState = 'absent' | 'present' | 'waiting' | 'unknown';

export function ownerState(
  owner: OwnerReference,
  namespace: string | undefined,
  view: ClusterView,
): OwnerState {
  const located = locateOwner(owner, namespace, view);
  if (located === undefined) return 'unknown';
  const found: KubeObject | undefined = view.get(located.kind, located.ref);
  if (found === undefined || found.metadata.uid !== owner.uid) return 'absent';
  return isWaitingForDependents(found) ? 'waiting' : 'present';
}

/** True when it is being deleted in the foreground: it goes after those that it owns. */
export function isWaitingForDependents({
  metadata: { deletionTimestamp, finalizers = [] },
}: KubeObject): boolean {
  return deletionTimestamp !== undefined && finalizers.includes(FOREGROUND);
}
