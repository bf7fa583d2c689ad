/** Every kind that is served, and the two ways to find one. */
import type { KindName } from '../../shared/kubernetes/objects.ts';
import type { Kind } from './kind.ts';
import { configMap } from './kinds/config-map.ts';
import { daemonSet } from './kinds/daemon-set.ts';
import { deployment } from './kinds/deployment.ts';
import { event } from './kinds/event.ts';
import { lease } from './kinds/lease.ts';
import { namespace } from './kinds/namespace.ts';
import { node } from './kinds/node.ts';
import { pod } from './kinds/pod.ts';
import { replicaSet } from './kinds/replica-set.ts';
import { secret } from './kinds/secret.ts';

export const KINDS: { readonly [K in KindName]: Kind<K> } = {
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
};

const ALL: readonly Kind[] = Object.values(KINDS);

/** The kind that a path names by group, version and plural; undefined when none is served there. */
export function kindOfResource(group: string, version: string, plural: string): Kind | undefined {
  return ALL.find(kind => kind.group === group && kind.version === version && kind.plural === plural);
}

export function servedKinds(): readonly Kind[] {
  return ALL;
}
