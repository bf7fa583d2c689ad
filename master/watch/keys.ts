/** Where an object stands in the store: /registry/[group/]plural/[namespace/]name. */
import type { CustomKindName, KindName, ObjectRef } from '../../shared/kubernetes/objects.ts';

export const keyPrefix = '/registry/';

export type KeyedKind = {
  readonly id: KindName;
  readonly group: string;
  readonly plural: string;
};

/** `namespace/name`, or `name` for objects of the whole cluster: an object's key within its kind. */
export function refKey(ref: ObjectRef): string {
  return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
}

export function kindPrefix(kind: Pick<KeyedKind, 'group' | 'plural'>): string {
  return kind.group === '' ? `${keyPrefix}${kind.plural}/` : `${keyPrefix}${kind.group}/${kind.plural}/`;
}

export function objectKey(kind: Pick<KeyedKind, 'group' | 'plural'>, ref: ObjectRef): string {
  return `${kindPrefix(kind)}${refKey(ref)}`;
}

/** The kind's name of a resource that a CustomResourceDefinition adds; its group has a dot, as the definition demands. */
export function customKindName(group: string, plural: string): CustomKindName {
  return `${plural}.${group}`;
}

export type ParsedKey = { readonly kind: KindName; readonly ref: string };

/**
 * Finds the kind and refKey that a store key names: one of the given kinds, or a custom one, whose definition need not be
 * known yet. Undefined when no kind lives there.
 */
export function keyParser(kinds: readonly KeyedKind[]): (key: string) => ParsedKey | undefined {
  const byPrefix = new Map(kinds.map(kind => [kindPrefix(kind), kind.id]));
  return key => {
    const first = key.indexOf('/', keyPrefix.length);
    const core = byPrefix.get(key.slice(0, first + 1));
    if (core !== undefined) return { kind: core, ref: key.slice(first + 1) };
    const second = key.indexOf('/', first + 1);
    if (first < 0 || second < 0) return undefined;
    const group = key.slice(keyPrefix.length, first);
    const ref = key.slice(second + 1);
    const kind = byPrefix.get(key.slice(0, second + 1));
    if (kind !== undefined) return { kind, ref };
    return group.includes('.')
      ? { kind: customKindName(group, key.slice(first + 1, second)), ref }
      : undefined;
  };
}
