/**
 * The Kubernetes objects that Pikelet stores, as types. Field types come from the package `kubernetes-types`;
 * here they only gain what an object has once it is stored: a full identity.
 */
import type * as apps from 'kubernetes-types/apps/v1';
import type * as autoscaling from 'kubernetes-types/autoscaling/v2';
import type * as batch from 'kubernetes-types/batch/v1';
import type * as certificates from 'kubernetes-types/certificates/v1';
import type * as coordination from 'kubernetes-types/coordination/v1';
import type * as core from 'kubernetes-types/core/v1';
import type * as discovery from 'kubernetes-types/discovery/v1';
import type * as meta from 'kubernetes-types/meta/v1';
import type * as networking from 'kubernetes-types/networking/v1';
import type * as nodes from 'kubernetes-types/node/v1';
import type * as policy from 'kubernetes-types/policy/v1';
import type * as rbac from 'kubernetes-types/rbac/v1';
import type * as scheduling from 'kubernetes-types/scheduling/v1';
import type * as storage from 'kubernetes-types/storage/v1';
import type { CustomResourceDefinitionSpec, CustomResourceDefinitionStatus } from './custom-resources.ts';

export type OwnerReference = meta.OwnerReference;
export type LabelSelector = meta.LabelSelector;
export type Container = core.Container;
export type ContainerStatus = core.ContainerStatus;
export type PodSpec = core.PodSpec;
export type PodStatus = core.PodStatus;
export type PodCondition = core.PodCondition;
export type PodTemplateSpec = core.PodTemplateSpec;
export type NodeStatus = core.NodeStatus;
export type NodeCondition = core.NodeCondition;
export type NodeSystemInfo = core.NodeSystemInfo;
export type ResourceRequirements = core.ResourceRequirements;
export type Taint = core.Taint;
export type Toleration = core.Toleration;

/** Metadata of a stored object. `resourceVersion` is the store's revision in decimal; times are RFC 3339, UTC, whole seconds. */
export type StoredMeta = Omit<
  meta.ObjectMeta,
  'name' | 'uid' | 'resourceVersion' | 'creationTimestamp' | 'namespace' | 'generation'
> & {
  name: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
  /** Absent for objects of the whole cluster. */
  namespace?: string;
  generation?: number;
};

type Stored<T> = Omit<T, 'apiVersion' | 'kind' | 'metadata'> & {
  apiVersion: string;
  kind: string;
  metadata: StoredMeta;
};

/** Any object as the generic code sees it: identity and metadata are known, the rest is opaque. */
export type KubeObject = { apiVersion: string; kind: string; metadata: StoredMeta };

export type Namespace = Stored<core.Namespace>;
export type Node = Stored<core.Node>;
export type Pod = Stored<core.Pod> & { spec: core.PodSpec };
export type Event = Stored<core.Event>;
export type ConfigMap = Stored<core.ConfigMap>;
export type Secret = Stored<core.Secret>;
export type Lease = Stored<coordination.Lease>;
export type Deployment = Stored<apps.Deployment> & { spec: apps.DeploymentSpec };
export type ReplicaSet = Stored<apps.ReplicaSet> & { spec: apps.ReplicaSetSpec };
export type DaemonSet = Stored<apps.DaemonSet> & { spec: apps.DaemonSetSpec };
export type StatefulSet = Stored<apps.StatefulSet> & { spec: apps.StatefulSetSpec };
export type Service = Stored<core.Service> & { spec: core.ServiceSpec };
export type Job = Stored<batch.Job> & { spec: batch.JobSpec };
export type CronJob = Stored<batch.CronJob> & { spec: batch.CronJobSpec };
export type ReplicationController = Stored<core.ReplicationController> & {
  spec: core.ReplicationControllerSpec;
};
export type ControllerRevision = Stored<apps.ControllerRevision>;
export type PersistentVolumeClaim = Stored<core.PersistentVolumeClaim>;
export type HorizontalPodAutoscaler = Stored<autoscaling.HorizontalPodAutoscaler> & {
  spec: autoscaling.HorizontalPodAutoscalerSpec;
};
export type PodDisruptionBudget = Stored<policy.PodDisruptionBudget> & {
  spec: policy.PodDisruptionBudgetSpec;
};
export type CustomResourceDefinition = KubeObject & {
  spec: CustomResourceDefinitionSpec;
  status?: CustomResourceDefinitionStatus;
};

/** A kind that a CustomResourceDefinition adds: `plural.group`, as the definition is named. No built-in kind has a dot. */
export type CustomKindName = `${string}.${string}`;
/** An object of such a kind: its members are the definition's business. */
export type CustomObject = KubeObject & { readonly [member: string]: unknown };

/** Every kind that is stored, by its Kubernetes name, and those that are defined at run time. */
export type KindMap = {
  Namespace: Namespace;
  Node: Node;
  Pod: Pod;
  Event: Event;
  ConfigMap: ConfigMap;
  Secret: Secret;
  Service: Service;
  Endpoints: Stored<core.Endpoints>;
  ServiceAccount: Stored<core.ServiceAccount>;
  PersistentVolume: Stored<core.PersistentVolume>;
  PersistentVolumeClaim: PersistentVolumeClaim;
  ReplicationController: ReplicationController;
  ResourceQuota: Stored<core.ResourceQuota>;
  LimitRange: Stored<core.LimitRange>;
  PodTemplate: Stored<core.PodTemplate>;
  Lease: Lease;
  Deployment: Deployment;
  ReplicaSet: ReplicaSet;
  DaemonSet: DaemonSet;
  StatefulSet: StatefulSet;
  ControllerRevision: ControllerRevision;
  Job: Job;
  CronJob: CronJob;
  HorizontalPodAutoscaler: HorizontalPodAutoscaler;
  PodDisruptionBudget: PodDisruptionBudget;
  Role: Stored<rbac.Role>;
  RoleBinding: Stored<rbac.RoleBinding>;
  ClusterRole: Stored<rbac.ClusterRole>;
  ClusterRoleBinding: Stored<rbac.ClusterRoleBinding>;
  EndpointSlice: Stored<discovery.EndpointSlice>;
  PriorityClass: Stored<scheduling.PriorityClass>;
  StorageClass: Stored<storage.StorageClass>;
  CSIDriver: Stored<storage.CSIDriver>;
  CSINode: Stored<storage.CSINode>;
  CSIStorageCapacity: Stored<storage.CSIStorageCapacity>;
  VolumeAttachment: Stored<storage.VolumeAttachment>;
  Ingress: Stored<networking.Ingress>;
  IngressClass: Stored<networking.IngressClass>;
  NetworkPolicy: Stored<networking.NetworkPolicy>;
  RuntimeClass: Stored<nodes.RuntimeClass>;
  CertificateSigningRequest: Stored<certificates.CertificateSigningRequest>;
  CustomResourceDefinition: CustomResourceDefinition;
  [custom: CustomKindName]: CustomObject;
};
/** The kinds that every cluster has. */
export type BuiltinKindName = Exclude<keyof KindMap, CustomKindName>;
export type KindName = keyof KindMap;

/** Names one object of a known kind; `namespace` is absent for objects of the whole cluster. */
export type ObjectRef = { readonly namespace?: string; readonly name: string };

/** An object not yet stored: what a controller or a client hands to create. */
export type New<T> = Omit<T, 'metadata'> & { metadata: meta.ObjectMeta };
