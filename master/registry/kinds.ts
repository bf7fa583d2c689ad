/** The built-in kinds, and the table that finds any kind that is served. */
import { InvariantError } from '../../shared/assert-never.ts';
import type { BuiltinKindName, CustomKindName, KindName } from '../../shared/kubernetes/objects.ts';
import type { Kind } from './kind.ts';
import { certificateSigningRequest } from './kinds/certificate-signing-request.ts';
import { clusterRole } from './kinds/cluster-role.ts';
import { clusterRoleBinding } from './kinds/cluster-role-binding.ts';
import { configMap } from './kinds/config-map.ts';
import { controllerRevision } from './kinds/controller-revision.ts';
import { cronJob } from './kinds/cron-job.ts';
import { csiDriver } from './kinds/csi-driver.ts';
import { csiNode } from './kinds/csi-node.ts';
import { csiStorageCapacity } from './kinds/csi-storage-capacity.ts';
import { customResourceDefinition } from './kinds/custom-resource-definition.ts';
import { daemonSet } from './kinds/daemon-set.ts';
import { deployment } from './kinds/deployment.ts';
import { endpointSlice } from './kinds/endpoint-slice.ts';
import { endpoints } from './kinds/endpoints.ts';
import { event } from './kinds/event.ts';
import { horizontalPodAutoscaler } from './kinds/horizontal-pod-autoscaler.ts';
import { ingress } from './kinds/ingress.ts';
import { ingressClass } from './kinds/ingress-class.ts';
import { job } from './kinds/job.ts';
import { lease } from './kinds/lease.ts';
import { limitRange } from './kinds/limit-range.ts';
import { namespace } from './kinds/namespace.ts';
import { networkPolicy } from './kinds/network-policy.ts';
import { node } from './kinds/node.ts';
import { persistentVolume } from './kinds/persistent-volume.ts';
import { persistentVolumeClaim } from './kinds/persistent-volume-claim.ts';
import { pod } from './kinds/pod.ts';
import { podDisruptionBudget } from './kinds/pod-disruption-budget.ts';
import { podTemplate } from './kinds/pod-template-object.ts';
import { priorityClass } from './kinds/priority-class.ts';
import { replicaSet } from './kinds/replica-set.ts';
import { replicationController } from './kinds/replication-controller.ts';
import { resourceQuota } from './kinds/resource-quota.ts';
import { role } from './kinds/role.ts';
import { roleBinding } from './kinds/role-binding.ts';
import { runtimeClass } from './kinds/runtime-class.ts';
import { secret } from './kinds/secret.ts';
import { service } from './kinds/service.ts';
import { serviceAccount } from './kinds/service-account.ts';
import { statefulSet } from './kinds/stateful-set.ts';
import { storageClass } from './kinds/storage-class.ts';
import { volumeAttachment } from './kinds/volume-attachment.ts';

export const KINDS: { readonly [K in BuiltinKindName]: Kind<K> } = {
  Namespace: namespace,
  Node: node,
  Pod: pod,
  Event: event,
  ConfigMap: configMap,
  Secret: secret,
  Lease: lease,
  Deployment: deployment,
  ReplicaSet: replicaSet,
  DaemonSet: daemonSet,
  Service: service,
  Endpoints: endpoints,
  ServiceAccount: serviceAccount,
  PersistentVolume: persistentVolume,
  PersistentVolumeClaim: persistentVolumeClaim,
  ReplicationController: replicationController,
  ResourceQuota: resourceQuota,
  LimitRange: limitRange,
  PodTemplate: podTemplate,
  StatefulSet: statefulSet,
  ControllerRevision: controllerRevision,
  Job: job,
  CronJob: cronJob,
  HorizontalPodAutoscaler: horizontalPodAutoscaler,
  PodDisruptionBudget: podDisruptionBudget,
  Role: role,
  RoleBinding: roleBinding,
  ClusterRole: clusterRole,
  ClusterRoleBinding: clusterRoleBinding,
  EndpointSlice: endpointSlice,
  PriorityClass: priorityClass,
  StorageClass: storageClass,
  CSIDriver: csiDriver,
  CSINode: csiNode,
  CSIStorageCapacity: csiStorageCapacity,
  VolumeAttachment: volumeAttachment,
  Ingress: ingress,
  IngressClass: ingressClass,
  NetworkPolicy: networkPolicy,
  RuntimeClass: runtimeClass,
  CertificateSigningRequest: certificateSigningRequest,
  CustomResourceDefinition: customResourceDefinition,
};

export const BUILTIN_KINDS: readonly Kind[] = Object.values(KINDS);

/** Every kind that is served: the built-in ones, and custom ones as they come and go. */
export class KindTable {
  private readonly stored = new Map<KindName, Kind>(BUILTIN_KINDS.map(kind => [kind.id, kind]));
  /** The versions of a custom kind that are served, by its id. */
  private readonly custom = new Map<CustomKindName, readonly Kind<CustomKindName>[]>();
  private all: readonly Kind[] = BUILTIN_KINDS;

  /** The kind in the version that it is stored in. Throws InvariantError for one that is not served. */
  get<K extends KindName>(id: K): Kind<K> {
    // biome-ignore lint/suspicious/noExplicitAny: TypeScript cannot tie a kind's name to its declaration across a union
    const kind: any = this.stored.get(id);
    if (kind === undefined) throw new InvariantError(`no kind ${id} is served`);
    return kind;
  }

  /** Serves a custom kind, in place of what was served under its id: the stored version, and all that are served. */
  serve(stored: Kind<CustomKindName>, versions: readonly Kind<CustomKindName>[]): void {
    this.stored.set(stored.id, stored);
    this.custom.set(stored.id, versions);
    this.refresh();
  }

  /** Stops serving a custom kind; harmless when it is not served. */
  withdraw(id: CustomKindName): void {
    this.stored.delete(id);
    this.custom.delete(id);
    this.refresh();
  }

  private refresh(): void {
    this.all = [...BUILTIN_KINDS, ...[...this.custom.values()].flat()];
  }

  /** The kind that a path names by group, version and plural; undefined when none is served there. */
  find(group: string, version: string, plural: string): Kind | undefined {
    return this.all.find(kind => kind.group === group && kind.version === version && kind.plural === plural);
  }

  /** Every kind in every version that is served. The same array until a kind comes or goes. */
  served(): readonly Kind[] {
    return this.all;
  }
}
