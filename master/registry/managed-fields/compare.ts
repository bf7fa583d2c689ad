/** What a write changed, as sets of fields. Pure. Source: structured-merge-diff, typed.Compare. */
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../../shared/is-record.ts';
import { EMPTY, type FieldSet, isEmpty, MEMBER, nodeOf, union } from './field-set.ts';
import { itemsOf } from './list-items.ts';
import { LEAF, type MapShape, type Shape, settled } from './shape.ts';

export type Comparison = {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
};

/** Nodes below one path element; undefined where nothing of the kind happened. */
type Difference = {
  readonly added?: FieldSet | undefined;
  readonly modified?: FieldSet | undefined;
  readonly removed?: FieldSet | undefined;
};

const SAME: Difference = {};
const ADDED: Difference = { added: MEMBER };
const MODIFIED: Difference = { modified: MEMBER };
const REMOVED: Difference = { removed: MEMBER };

/** The fields of `after` that `before` lacks, those with another value, and those of `before` that `after` lacks. */
export function compare(shape: Shape, before: unknown, after: unknown): Comparison {
  const { added = EMPTY, modified = EMPTY, removed = EMPTY } = partsDifference(shape, before, after);
  return { added, modified, removed };
}

/** Fields that now are as somebody wants them: added or given another value. */
export function changed({ added, modified }: Comparison): FieldSet {
  return union(added, modified);
}

export function isUnchanged({ added, modified, removed }: Comparison): boolean {
  return isEmpty(added) && isEmpty(modified) && isEmpty(removed);
}

function differenceOf(shape: Shape, before: unknown, after: unknown): Difference {
  if (before === after) return SAME;
  const resolved = settled(shape, before, after);
  if (resolved.kind === 'leaf') return leafDifference(before, after);
  if (isNothing(before) && isNothing(after))
    return resolved.kind === 'map' && resolved.isStruct ? leafDifference(before, after) : SAME;
  const { added, modified, removed } = partsDifference(resolved, before, after);
  return {
    added: nodeOf(before === undefined, added ?? EMPTY),
    modified,
    removed: nodeOf(after === undefined, removed ?? EMPTY),
  };
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}

function leafDifference(before: unknown, after: unknown): Difference {
  if (before === undefined) return ADDED;
  if (after === undefined) return REMOVED;
  return isDeepStrictEqual(before, after) ? SAME : MODIFIED;
}

function partsDifference(shape: Shape, before: unknown, after: unknown): Difference {
  const resolved = settled(shape, before, after);
  switch (resolved.kind) {
    case 'leaf':
      return SAME;
    case 'map':
      return mapDifference(resolved, before, after);
    case 'set':
    case 'list': {
      const old = itemsOf(resolved, before);
      const now = itemsOf(resolved, after);
      const item = resolved.kind === 'list' ? resolved.item : LEAF;
      return collected(new Set([...old.keys(), ...now.keys()]), element => {
        const [a, b] = [old.get(element), now.get(element)];
        return differenceOf(Array.isArray(a) || Array.isArray(b) ? LEAF : item, a, b);
      });
    }
  }
}

function mapDifference(shape: MapShape, before: unknown, after: unknown): Difference {
  const old = isRecord(before) ? before : {};
  const now = isRecord(after) ? after : {};
  // Where the parent stands, an embedded struct stands too, be it empty.
  const member = (parent: unknown, members: Readonly<Record<string, unknown>>, name: string) =>
    Object.hasOwn(members, name)
      ? members[name]
      : parent !== undefined && shape.embedded.has(name)
        ? NOTHING
        : undefined;
  return collected(new Set([...Object.keys(old), ...Object.keys(now)].map(name => `f:${name}`)), element => {
    const name = element.slice(2);
    return differenceOf(
      shape.field(name) ?? shape.element,
      member(before, old, name),
      member(after, now, name),
    );
  });
}

const NOTHING = {};

function collected(elements: Iterable<string>, differenceAt: (element: string) => Difference): Difference {
  const sets: {
    added?: Record<string, FieldSet>;
    modified?: Record<string, FieldSet>;
    removed?: Record<string, FieldSet>;
  } = {};
  for (const element of elements) {
    const difference = differenceAt(element);
    if (difference === SAME) continue;
    for (const what of ['added', 'modified', 'removed'] as const) {
      const node = difference[what];
      if (node === undefined) continue;
      sets[what] ??= {};
      sets[what][element] = node;
    }
  }
  return sets;
}
