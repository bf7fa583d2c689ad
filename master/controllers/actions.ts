/** Actions on objects whose kind is only known at run time: what the compiler must be told. */
import type { KindMap, KindName } from '../../shared/kubernetes/objects.ts';
import { refOf } from '../../shared/kubernetes/references.ts';
import type { DeleteOptions } from '../registry/registry.ts';
import type { Action } from './controller.ts';

/** Replaces an object of any kind, all but its status. */
export function updateOf<K extends KindName>(of: K, object: KindMap[K]): Action {
  // biome-ignore lint/suspicious/noExplicitAny: TypeScript cannot tie a kind's name to its object across a union
  const action: any = { kind: 'update', of, object };
  return action;
}

/** Deletes exactly this object: another one of its name, made meanwhile, is left alone. */
export function deleteOf<K extends KindName>(
  of: K,
  object: KindMap[K],
  options: Omit<DeleteOptions, 'uid'> = {},
): Action {
  return { kind: 'delete', of, ref: refOf(object), options: { ...options, uid: object.metadata.uid } };
}
