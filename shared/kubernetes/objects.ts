/**
 * The Kubernetes objects that Pikelet stores, as types. Field types come from the package `kubernetes-types`;
 * here they only gain what an object has once it is stored: a full identity.
 */
import type * as apps from 'kubernetes-types/apps/v1';
import type * as coordination from 'kubernetes-types/coordination/v1';
import type * as core from 'kubernetes-types/core/v1';
import type * as meta from 'kubernetes-types/meta/v1';

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

/** Every kind that the control plane itself works with, by its Kubernetes name. */
export type KindMap = {
  Namespace: Namespace;
  Node: Node;
  Pod: Pod;
  Event: Event;
  ConfigMap: ConfigMap;
  Secret: Secret;
  Lease: Lease;
  Deployment: Deployment;
  ReplicaSet: ReplicaSet;
  DaemonSet: DaemonSet;
};
export type KindName = keyof KindMap;

/** Names one object of a known kind; `namespace` is absent for objects of the whole cluster. */
export type ObjectRef = { readonly namespace?: string; readonly name: string };

/** An object not yet stored: what a controller or a client hands to create. */
export type New<T> = Omit<T, 'metadata'> & { metadata: meta.ObjectMeta };
