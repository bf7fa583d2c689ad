/** An applied configuration laid over a live value, and fields taken out of one. Pure. Source: structured-merge-diff, typed. */
import { isRecord } from '../../../shared/is-record.ts';
import { below, type FieldSet, has, isEmpty } from './field-set.ts';
import { itemElement } from './list-items.ts';
import { LEAF, type Shape, settled } from './shape.ts';

type ListShape = Extract<Shape, { kind: 'set' | 'list' }>;

/** `live` with everything that `config` says; all else stays. */
export function merge(shape: Shape, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  const resolved = settled(shape, live, config);
  switch (resolved.kind) {
    case 'leaf':
      return config;
    case 'map': {
      if (!isRecord(live) || !isRecord(config)) return config;
      const current = new Map(Object.entries(live));
      for (const [name, value] of Object.entries(config))
        current.set(name, merge(resolved.field(name) ?? resolved.element, current.get(name), value));
      return Object.fromEntries(current);
    }
    case 'set':
    case 'list':
      return mergeLists(resolved, live, config);
  }
}

/** The elements that the configuration names come in its order; the others keep their place before the next shared one. */
function mergeLists(shape: ListShape, live: unknown, config: unknown): unknown {
  if (!Array.isArray(live) || !Array.isArray(config)) return config;
  const wanted = new Map(config.map(item => [itemElement(shape, item), item]));
  const present = new Map(live.map(item => [itemElement(shape, item), item]));
  const merged: unknown[] = [];
  const done = new Set<string>();
  let next = 0;
  const takeOthers = () => {
    for (; next < live.length; next++) {
      const element = itemElement(shape, live[next]);
      if (wanted.has(element) && !done.has(element)) return;
      if (!wanted.has(element)) merged.push(live[next]);
    }
  };
  const item = shape.kind === 'list' ? shape.item : LEAF;
  for (const [element, value] of wanted) {
    takeOthers();
    merged.push(merge(item, present.get(element), value));
    done.add(element);
  }
  takeOthers();
  return merged;
}

/** The value without the fields of the set; undefined when nothing of it is left. */
export function withoutFields(shape: Shape, value: unknown, set: FieldSet): unknown {
  if (isEmpty(set)) return value;
  const resolved = settled(shape, value);
  switch (resolved.kind) {
    case 'leaf':
      return value;
    case 'map': {
      if (!isRecord(value)) return value;
      const kept = Object.entries(value)
        .filter(([name]) => !has(set, `f:${name}`))
        .map(([name, member]): [string, unknown] => [
          name,
          withoutFields(resolved.field(name) ?? resolved.element, member, below(set, `f:${name}`)),
        ])
        .filter(([, member]) => member !== undefined);
      return kept.length === 0 ? undefined : Object.fromEntries(kept);
    }
    case 'set':
    case 'list': {
      if (!Array.isArray(value)) return value;
      const item = resolved.kind === 'list' ? resolved.item : LEAF;
      const kept = value.flatMap(member => {
        const element = itemElement(resolved, member);
        return has(set, element) ? [] : [withoutFields(item, member, below(set, element))];
      });
      return kept.length === 0 ? undefined : kept;
    }
  }
}
