/** The elements of a list that are owned one by one, each under its path element. Pure. */
import { isRecord } from '../../../shared/is-record.ts';
import type { ListKey, Shape } from './shape.ts';

/** The path element of an element of an associative list: its keys in order, as FieldsV1 writes them. */
function keyElement(keys: readonly ListKey[], item: unknown): string {
  const members = isRecord(item) ? item : {};
  const entries = keys.map(key => [key.name, members[key.name] ?? key.default ?? null]);
  return `k:${JSON.stringify(Object.fromEntries(entries))}`;
}

function valueElement(item: unknown): string {
  return `v:${JSON.stringify(item)}`;
}

/** The element of a list of this shape. */
export function itemElement(shape: Extract<Shape, { kind: 'set' | 'list' }>, item: unknown): string {
  return shape.kind === 'set' ? valueElement(item) : keyElement(shape.keys, item);
}

/**
 * The list's elements by their path elements. Elements that say the same keys twice, which only writes without ownership
 * let through, stand together under their one path element, to be owned as one.
 */
export function itemsOf(
  shape: Extract<Shape, { kind: 'set' | 'list' }>,
  list: unknown,
): ReadonlyMap<string, unknown> {
  const items = new Map<string, unknown>();
  const twice = new Set<string>();
  for (const item of Array.isArray(list) ? list : []) {
    const element = itemElement(shape, item);
    if (!items.has(element)) items.set(element, item);
    else if (shape.kind === 'list') twice.add(element);
  }
  for (const element of twice)
    items.set(element, Array.isArray(list) ? list.filter(item => itemElement(shape, item) === element) : []);
  return items;
}
