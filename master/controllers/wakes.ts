/** Whom a change concerns: the usual answers. */
import type { KindName, ObjectRef, OwnerReference } from '../../shared/kubernetes/objects.ts';
import { controllerOf, kindOfOwner, refOf } from '../../shared/kubernetes/references.ts';
import type { ClusterView } from '../watch/cluster-view.ts';

type Dependent = {
  readonly metadata: {
    readonly namespace?: string;
    readonly ownerReferences?: readonly OwnerReference[];
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
};

/**
 * The owner of kind `of` that controls the object. An orphan concerns every owner of its namespace, for any of them may
 * adopt it.
 */
export function ownersOf(of: KindName, object: Dependent, view: ClusterView): readonly ObjectRef[] {
  const { namespace, deletionTimestamp } = object.metadata;
  const owner = controllerOf(object);
  if (owner !== undefined) return kindOfOwner(owner) === of ? [{ namespace, name: owner.name }] : [];
  return deletionTimestamp === undefined ? view.list(of, namespace).map(refOf) : [];
}

/** True when nothing may be created there any more. */
export function isNamespaceTerminating(view: ClusterView, namespace: string | undefined): boolean {
  if (namespace === undefined) return false;
  return view.get('Namespace', { name: namespace })?.metadata.deletionTimestamp !== undefined;
}
