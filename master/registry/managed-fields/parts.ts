/** The parts of a value that are owned one by one: fields of a map, elements of a list, each under its path element. Pure. */
import { isRecord } from '../../../shared/is-record.ts';
import type { ListKey, MapShape, Shape } from './shape.ts';

export type Part = { readonly value: unknown; readonly shape: Shape; readonly isField: boolean };

/** The path element of an element of an associative list: its keys in order, as FieldsV1 writes them. */
export function keyElement(keys: readonly ListKey[], item: unknown): string {
  const members = isRecord(item) ? item : {};
  const entries = keys.map(key => [key.name, members[key.name] ?? key.default ?? null]);
  return `k:${JSON.stringify(Object.fromEntries(entries))}`;
}

export function valueElement(item: unknown): string {
  return `v:${JSON.stringify(item)}`;
}

export function fieldPart(shape: MapShape, name: string, value: unknown): Part {
  const field = shape.field(name);
  return { value, shape: field ?? shape.element, isField: field !== undefined };
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
