/** Objects with dull defaults, for tests: say only what the test is about. */
import type {
  DaemonSet,
  Deployment,
  Namespace,
  Node,
  OwnerReference,
  Pod,
  PodSpec,
  PodStatus,
  ReplicaSet,
  StoredMeta,
} from '../../shared/kubernetes/objects.ts';

const EPOCH = '2023-11-14T22:13:20Z';

function metaOf(name: string, given: Partial<StoredMeta> = {}): StoredMeta {
  return {
    name,
    uid: `uid-of-${name}`,
    resourceVersion: '1',
    creationTimestamp: EPOCH,
    generation: 1,
    ...given,
  };
}

type Given<S> = { name?: string; meta?: Partial<StoredMeta>; spec?: Partial<S> };

export const dullSpec: PodSpec = { containers: [{ name: 'main', image: 'hello' }] };

/** A pod asking for this much; `cpu` and `memory` are quantities. */
export function requesting(cpu: string, memory: string): PodSpec {
  return { containers: [{ name: 'main', image: 'hello', resources: { requests: { cpu, memory } } }] };
}

export function aPod(
  given: Given<PodSpec> & { status?: PodStatus; ready?: boolean; owner?: OwnerReference } = {},
): Pod {
  const ready: PodStatus = {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: EPOCH }],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metaOf(given.name ?? 'pod', {
      namespace: 'default',
      ...(given.owner === undefined ? {} : { ownerReferences: [given.owner] }),
      ...given.meta,
    }),
    spec: { ...dullSpec, ...given.spec },
    status: given.status ?? (given.ready === true ? ready : { phase: 'Pending' }),
  };
}

/** A node with four cores and 4 GiB; Ready unless told otherwise. */
const NODE_INFO: NonNullable<Node['status']>['nodeInfo'] = {
  architecture: 'arm64',
  bootID: 'boot',
  containerRuntimeVersion: 'docker://27.0.0',
  kernelVersion: '6.6.0',
  kubeProxyVersion: '',
  kubeletVersion: 'v1.32.0',
  machineID: 'machine',
  operatingSystem: 'linux',
  osImage: 'Debian',
  systemUUID: 'system',
};

export function aNode(
  given: {
    name?: string;
    meta?: Partial<StoredMeta>;
    spec?: Node['spec'];
    ready?: 'True' | 'False' | 'Unknown';
    readySince?: string;
    allocatable?: Record<string, string>;
  } = {},
): Node {
  const allocatable = given.allocatable ?? { cpu: '4', memory: '4Gi', pods: '110' };
  const name = given.name ?? 'node';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metaOf(name, { labels: { 'kubernetes.io/hostname': name }, ...given.meta }),
    spec: given.spec ?? {},
    status: {
      allocatable,
      capacity: allocatable,
      nodeInfo: NODE_INFO,
      conditions: [
        { type: 'Ready', status: given.ready ?? 'True', lastTransitionTime: given.readySince ?? EPOCH },
      ],
    },
  };
}

export function aNamespace(given: { name?: string; meta?: Partial<StoredMeta> } = {}): Namespace {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: metaOf(given.name ?? 'default', given.meta),
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

const template = { metadata: { labels: { app: 'web' } }, spec: dullSpec };
const selector = { matchLabels: { app: 'web' } };

export function aReplicaSet(
  given: Given<ReplicaSet['spec']> & { status?: ReplicaSet['status'] } = {},
): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: metaOf(given.name ?? 'web', { namespace: 'default', ...given.meta }),
    spec: { replicas: 1, selector, template, ...given.spec },
    ...(given.status === undefined ? {} : { status: given.status }),
  };
}

export function aDeployment(
  given: Given<Deployment['spec']> & { status?: Deployment['status'] } = {},
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metaOf(given.name ?? 'web', { namespace: 'default', ...given.meta }),
    spec: { replicas: 1, selector, template, ...given.spec },
    ...(given.status === undefined ? {} : { status: given.status }),
  };
}

export function aDaemonSet(
  given: Given<DaemonSet['spec']> & { status?: DaemonSet['status'] } = {},
): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metaOf(given.name ?? 'web', { namespace: 'default', ...given.meta }),
    spec: { selector, template, ...given.spec },
    ...(given.status === undefined ? {} : { status: given.status }),
  };
}
