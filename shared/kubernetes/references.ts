/** How objects name each other. */
import type { BuiltinKindName, ObjectRef, OwnerReference } from './objects.ts';

type Named = { readonly metadata: { readonly name: string; readonly namespace?: string } };
type Owned = { readonly metadata: { readonly ownerReferences?: readonly OwnerReference[] } };

/** API versions of the built-in kinds, and whether they live in a namespace. */
export const KIND_INFO = {
  Namespace: { apiVersion: 'v1', namespaced: false },
  Node: { apiVersion: 'v1', namespaced: false },
  Pod: { apiVersion: 'v1', namespaced: true },
  Event: { apiVersion: 'v1', namespaced: true },
  ConfigMap: { apiVersion: 'v1', namespaced: true },
  Secret: { apiVersion: 'v1', namespaced: true },
  Service: { apiVersion: 'v1', namespaced: true },
  Endpoints: { apiVersion: 'v1', namespaced: true },
  ServiceAccount: { apiVersion: 'v1', namespaced: true },
  PersistentVolume: { apiVersion: 'v1', namespaced: false },
  PersistentVolumeClaim: { apiVersion: 'v1', namespaced: true },
  ReplicationController: { apiVersion: 'v1', namespaced: true },
  ResourceQuota: { apiVersion: 'v1', namespaced: true },
  LimitRange: { apiVersion: 'v1', namespaced: true },
  PodTemplate: { apiVersion: 'v1', namespaced: true },
  Lease: { apiVersion: 'coordination.k8s.io/v1', namespaced: true },
  Deployment: { apiVersion: 'apps/v1', namespaced: true },
  ReplicaSet: { apiVersion: 'apps/v1', namespaced: true },
  DaemonSet: { apiVersion: 'apps/v1', namespaced: true },
  StatefulSet: { apiVersion: 'apps/v1', namespaced: true },
  ControllerRevision: { apiVersion: 'apps/v1', namespaced: true },
  Job: { apiVersion: 'batch/v1', namespaced: true },
  CronJob: { apiVersion: 'batch/v1', namespaced: true },
  HorizontalPodAutoscaler: { apiVersion: 'autoscaling/v2', namespaced: true },
  PodDisruptionBudget: { apiVersion: 'policy/v1', namespaced: true },
  Role: { apiVersion: 'rbac.authorization.k8s.io/v1', namespaced: true },
  RoleBinding: { apiVersion: 'rbac.authorization.k8s.io/v1', namespaced: true },
  ClusterRole: { apiVersion: 'rbac.authorization.k8s.io/v1', namespaced: false },
  ClusterRoleBinding: { apiVersion: 'rbac.authorization.k8s.io/v1', namespaced: false },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', namespaced: true },
  PriorityClass: { apiVersion: 'scheduling.k8s.io/v1', namespaced: false },
  StorageClass: { apiVersion: 'storage.k8s.io/v1', namespaced: false },
  CSIDriver: { apiVersion: 'storage.k8s.io/v1', namespaced: false },
  CSINode: { apiVersion: 'storage.k8s.io/v1', namespaced: false },
  CSIStorageCapacity: { apiVersion: 'storage.k8s.io/v1', namespaced: true },
  VolumeAttachment: { apiVersion: 'storage.k8s.io/v1', namespaced: false },
  Ingress: { apiVersion: 'networking.k8s.io/v1', namespaced: true },
  IngressClass: { apiVersion: 'networking.k8s.io/v1', namespaced: false },
  NetworkPolicy: { apiVersion: 'networking.k8s.io/v1', namespaced: true },
  RuntimeClass: { apiVersion: 'node.k8s.io/v1', namespaced: false },
  CertificateSigningRequest: { apiVersion: 'certificates.k8s.io/v1', namespaced: false },
  CustomResourceDefinition: { apiVersion: 'apiextensions.k8s.io/v1', namespaced: false },
} as const satisfies Record<BuiltinKindName, { apiVersion: string; namespaced: boolean }>;

function isBuiltinKindName(text: string): text is BuiltinKindName {
  return Object.hasOwn(KIND_INFO, text);
}

/** The built-in kind that an owner reference means. Undefined when it is none of ours; its API version may be another. */
export function kindOfOwner(owner: Pick<OwnerReference, 'apiVersion' | 'kind'>): BuiltinKindName | undefined {
  if (!isBuiltinKindName(owner.kind)) return undefined;
  return groupOf(KIND_INFO[owner.kind].apiVersion) === groupOf(owner.apiVersion) ? owner.kind : undefined;
}

/** `apps` of `apps/v1`; empty for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
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
  of: BuiltinKindName,
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
