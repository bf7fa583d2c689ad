/** Where an object stands in the store: /registry/[group/]plural/[namespace/]name. */
import type { KindName, ObjectRef } from '../../shared/kubernetes/objects.ts';

export const keyPrefix = '/registry/';

export type KeyedKind = {
  readonly kind: KindName;
  readonly group: string;
  readonly plural: string;
  readonly namespaced: boolean;
};

/** `namespace/name`, or `name` for objects of the whole cluster: an object's key within its kind. */
export function refKey(ref: ObjectRef): string {
  return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
}

export function kindPrefix(kind: Pick<KeyedKind, 'group' | 'plural'>): string {
  return kind.group === '' ? `${keyPrefix}${kind.plural}/` : `${keyPrefix}${kind.group}/${kind.plural}/`;
}

export function objectKey(kind: KeyedKind, ref: ObjectRef): string {
  return `${kindPrefix(kind)}${refKey(ref)}`;
}

/** The kind and refKey that a store key names; undefined when no given kind lives there. */
export function parseKey(
  key: string,
  kinds: readonly KeyedKind[],
): { kind: KindName; ref: string } | undefined {
  for (const kind of kinds) {
    const prefix = kindPrefix(kind);
    if (key.startsWith(prefix)) return { kind: kind.kind, ref: key.slice(prefix.length) };
  }
  return undefined;
}
