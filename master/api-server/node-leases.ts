/**
 * The Leases of nodes, read off their heartbeats: an idle cluster writes none. They can be read and listed; no watch tells
 * of them, since they never stand in the store. One that a client has made itself takes the node's place.
 */
import type { KindMap, KindName, Lease, ObjectRef } from '../../shared/kubernetes/objects.ts';
import type { Kind } from '../registry/kind.ts';
import { stored } from '../registry/stored-object.ts';
import type { ObjectCache } from '../watch/object-cache.ts';
import type { UsageReader } from '../watch/usage-reader.ts';

const NAMESPACE = 'kube-node-lease';
/** Whole seconds, as a Lease has them; a silent node is given up a little earlier than its Lease ends. */
const DURATION_SECONDS = 2;

export type LeaseDeps = { readonly cache: ObjectCache; readonly usage: Pick<UsageReader, 'lastHeartbeatMs'> };

/** Undefined for anything but the Lease of a node that has been heard since the master started. */
export function nodeLease<K extends KindName>(
  deps: LeaseDeps,
  kind: Kind<K>,
  { namespace, name }: ObjectRef,
): KindMap[K] | undefined {
  if (kind.id !== 'Lease' || namespace !== NAMESPACE) return undefined;
  const lease = leaseOf(deps, name);
  return lease && stored<K>(lease);
}

/** Those of all nodes that have none in the store; none for another kind or namespace. */
export function nodeLeases<K extends KindName>(
  deps: LeaseDeps,
  kind: Kind<K>,
  namespace: string | undefined,
): readonly KindMap[K][] {
  if (kind.id !== 'Lease' || (namespace !== undefined && namespace !== NAMESPACE)) return [];
  return deps.cache.list('Node').flatMap(({ metadata: { name } }) => {
    const isStored = deps.cache.get('Lease', { namespace: NAMESPACE, name }) !== undefined;
    const lease = isStored ? undefined : leaseOf(deps, name);
    return lease ? [stored<K>(lease)] : [];
  });
}

function leaseOf({ cache, usage }: LeaseDeps, name: string): Lease | undefined {
  const node = cache.get('Node', { name });
  const heardMs = usage.lastHeartbeatMs(name);
  if (node === undefined || heardMs === undefined) return undefined;
  const { uid, creationTimestamp, resourceVersion } = node.metadata;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      namespace: NAMESPACE,
      uid,
      creationTimestamp,
      resourceVersion,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }],
    },
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: DURATION_SECONDS,
      // A MicroTime.
      renewTime: new Date(heardMs).toISOString().replace('Z', '000Z'),
    },
  };
}
