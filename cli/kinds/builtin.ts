/** The kinds that every cluster has: naming one of them costs no round trip. All others come from discovery. */
import type { Kind } from './kind.ts';

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function kind(
  group: string,
  name: string,
  plural: string,
  shortNames: readonly string[],
  options: { readonly cluster?: boolean; readonly all?: boolean; readonly version?: string } = {},
): Kind {
  return {
    group,
    version: options.version ?? 'v1',
    kind: name,
    plural,
    singular: name.toLowerCase(),
    shortNames,
    namespaced: options.cluster !== true,
    categories: options.all ? ['all'] : [],
    verbs: ALL_VERBS,
  };
}

export const NAMESPACE = kind('', 'Namespace', 'namespaces', ['ns'], { cluster: true });
export const NODE = kind('', 'Node', 'nodes', ['no'], { cluster: true });
export const POD = kind('', 'Pod', 'pods', ['po'], { all: true });
export const EVENT = kind('', 'Event', 'events', ['ev']);
export const CONFIG_MAP = kind('', 'ConfigMap', 'configmaps', ['cm']);
export const SECRET = kind('', 'Secret', 'secrets', []);
export const LEASE = kind('coordination.k8s.io', 'Lease', 'leases', []);
export const DEPLOYMENT = kind('apps', 'Deployment', 'deployments', ['deploy'], { all: true });
export const REPLICA_SET = kind('apps', 'ReplicaSet', 'replicasets', ['rs'], { all: true });
export const DAEMON_SET = kind('apps', 'DaemonSet', 'daemonsets', ['ds'], { all: true });

export const BUILTIN_KINDS: readonly Kind[] = [
  NAMESPACE,
  NODE,
  POD,
  EVENT,
  CONFIG_MAP,
  SECRET,
  LEASE,
  DEPLOYMENT,
  REPLICA_SET,
  DAEMON_SET,
];
