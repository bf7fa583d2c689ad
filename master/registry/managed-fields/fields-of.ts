/** The fields that a value says something about: what its author owns by applying it. Pure. */
import { isRecord } from '../../../shared/is-record.ts';
import { EMPTY, type FieldSet, MEMBER, nodeOf } from './field-set.ts';
import { itemsOf } from './list-items.ts';
import { LEAF, type Shape, settled } from './shape.ts';

export function fieldsOf(shape: Shape, value: unknown): FieldSet {
  const resolved = settled(shape, value);
  const edges: Record<string, FieldSet> = {};
  const add = (element: string, item: unknown, itemShape: Shape, isItem: boolean) => {
    const node = nodeOf(isItem || isWhole(itemShape, item), fieldsOf(itemShape, item));
    if (node !== undefined) edges[element] = node;
  };
  switch (resolved.kind) {
    case 'leaf':
      return EMPTY;
    case 'map':
      if (!isRecord(value)) return EMPTY;
      for (const [name, member] of Object.entries(value)) {
        const field = resolved.field(name);
        add(`f:${name}`, member, field ?? resolved.element, field === undefined);
      }
      return edges;
    case 'set':
      for (const element of itemsOf(resolved, value).keys()) edges[element] = MEMBER;
      return edges;
    case 'list':
      for (const [element, item] of itemsOf(resolved, value))
        add(element, item, Array.isArray(item) ? LEAF : resolved.item, true);
      return edges;
  }
}

/** What is owned as a whole: a leaf, and an empty map or struct. */
function isWhole(shape: Shape, value: unknown): boolean {
  if (value === null || (isRecord(value) && Object.keys(value).length === 0)) return true;
  return settled(shape, value).kind === 'leaf';
}

/** The set with every declared field on its paths as a member too: they stand and fall with what is below them. */
export function withNamedFields(shape: Shape, set: FieldSet): FieldSet {
  const resolved = shape.kind === 'any' ? settled(shape, {}) : shape;
  const edges: Record<string, FieldSet> = {};
  for (const [element, node] of Object.entries(set)) {
    if (element === '.') {
      edges[element] = node;
      continue;
    }
    const field = resolved.kind === 'map' ? resolved.field(element.slice(2)) : undefined;
    const itemShape =
      field ?? (resolved.kind === 'map' ? resolved.element : resolved.kind === 'list' ? resolved.item : LEAF);
    const named = withNamedFields(itemShape, node);
    edges[element] =
      field === undefined || Object.keys(named).length === 0 ? named : { ...named, '.': MEMBER };
  }
  return edges;
}
