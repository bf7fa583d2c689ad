/** Actions on objects whose kind is only known at run time: what the compiler must be told once per kind. */
import type { KindMap, KindName } from '../../shared/kubernetes/objects.ts';
import { refOf } from '../../shared/kubernetes/references.ts';
import type { DeleteOptions } from '../registry/registry.ts';
import type { Action } from './controller.ts';

const UPDATES: { readonly [K in KindName]: (object: KindMap[K]) => Action } = {
  Namespace: object => ({ kind: 'update', of: 'Namespace', object }),
  Node: object => ({ kind: 'update', of: 'Node', object }),
  Pod: object => ({ kind: 'update', of: 'Pod', object }),
  Event: object => ({ kind: 'update', of: 'Event', object }),
  ConfigMap: object => ({ kind: 'update', of: 'ConfigMap', object }),
  Secret: object => ({ kind: 'update', of: 'Secret', object }),
  Lease: object => ({ kind: 'update', of: 'Lease', object }),
  Deployment: object => ({ kind: 'update', of: 'Deployment', object }),
  ReplicaSet: object => ({ kind: 'update', of: 'ReplicaSet', object }),
  DaemonSet: object => ({ kind: 'update', of: 'DaemonSet', object }),
};

/** Replaces an object of any kind, all but its status. */
export function updateOf<K extends KindName>(of: K, object: KindMap[K]): Action {
  return UPDATES[of](object);
}

/** Deletes exactly this object: another one of its name, made meanwhile, is left alone. */
export function deleteOf<K extends KindName>(
  of: K,
  object: KindMap[K],
  options: Omit<DeleteOptions, 'uid'> = {},
): Action {
  return { kind: 'delete', of, ref: refOf(object), options: { ...options, uid: object.metadata.uid } };
}
