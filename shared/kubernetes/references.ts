/** How objects name each other. */
import type { KindName, ObjectRef, OwnerReference } from './objects.ts';

type Named = { readonly metadata: { readonly name: string; readonly namespace?: string } };
type Owned = { readonly metadata: { readonly ownerReferences?: readonly OwnerReference[] } };

/** API versions of the kinds that the control plane works with, and whether they live in a namespace. */
export const KIND_INFO = {
  Namespace: { apiVersion: 'v1', namespaced: false },
  Node: { apiVersion: 'v1', namespaced: false },
  Pod: { apiVersion: 'v1', namespaced: true },
  Event: { apiVersion: 'v1', namespaced: true },
  ConfigMap: { apiVersion: 'v1', namespaced: true },
  Secret: { apiVersion: 'v1', namespaced: true },
  Lease: { apiVersion: 'coordination.k8s.io/v1', namespaced: true },
  Deployment: { apiVersion: 'apps/v1', namespaced: true },
  ReplicaSet: { apiVersion: 'apps/v1', namespaced: true },
  DaemonSet: { apiVersion: 'apps/v1', namespaced: true },
} as const satisfies Record<KindName, { apiVersion: string; namespaced: boolean }>;

function isKindName(text: string): text is KindName {
  return Object.hasOwn(KIND_INFO, text);
}

/** Every kind, in the order of the table. */
export const KIND_NAMES: readonly KindName[] = Object.keys(KIND_INFO).filter(isKindName);

/** The kind that an owner reference means. Undefined when it is none of ours. */
export function kindOfOwner(owner: OwnerReference): KindName | undefined {
  if (!isKindName(owner.kind)) return undefined;
  return KIND_INFO[owner.kind].apiVersion === owner.apiVersion ? owner.kind : undefined;
}

export function refOf(object: Named): ObjectRef {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

/** The one owner that controls the object. Undefined when nobody does. */
export function controllerOf(object: Owned): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(owner => owner.controller === true);
}

/** The reference by which `owner` controls another object; deleting the owner in the foreground waits for that one. */
export function controllerReference(
  of: KindName,
  owner: { readonly metadata: { readonly name: string; readonly uid: string } },
): OwnerReference {
  return {
    apiVersion: KIND_INFO[of].apiVersion,
    kind: of,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
