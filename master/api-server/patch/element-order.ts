/** In which order the elements of a merged list stand. Pure. Source: Kubernetes's design "preserve order in strategic merge patch". */

/** What an element of a list is known by. */
export type KeyOf = (item: unknown) => unknown;

/**
 * `items` with those that `order` names in its order, and the others as they stood in `before`. An element that `order` does not
 * name comes as early as the elements that stood before it allow.
 */
export function arranged(
  items: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  keyOf: KeyOf,
): readonly unknown[] {
  const wanted = positions(order, keyOf);
  const stood = positions(before, keyOf);
  const named = sorted(
    items.filter(item => wanted.has(keyOf(item))),
    wanted,
    keyOf,
  );
  const others = sorted(
    items.filter(item => !wanted.has(keyOf(item))),
    stood,
    keyOf,
  );
  const all: unknown[] = [];
  let next = 0;
  for (const item of named) {
    const place = stood.get(keyOf(item));
    while (next < others.length && isBefore(stood.get(keyOf(others[next])), place)) all.push(others[next++]);
    all.push(item);
  }
  return [...all, ...others.slice(next)];
}

function isBefore(place: number | undefined, other: number | undefined): boolean {
  return place !== undefined && other !== undefined && place < other;
}

/** Key → where it first stands. */
function positions(items: readonly unknown[], keyOf: KeyOf): ReadonlyMap<unknown, number> {
  return new Map(items.map((item, index): [unknown, number] => [keyOf(item), index]).reverse());
}

function sorted(items: readonly unknown[], by: ReadonlyMap<unknown, number>, keyOf: KeyOf): unknown[] {
  return [...items].sort((a, b) => (by.get(keyOf(a)) ?? 0) - (by.get(keyOf(b)) ?? 0));
}

/** True when the elements stand among those of `order`, one after the other. */
export function isInOrder(items: readonly unknown[], order: readonly unknown[], keyOf: KeyOf): boolean {
  if (order.length === 0) return true;
  let next = 0;
  for (const element of order) if (next < items.length && keyOf(items[next]) === keyOf(element)) next++;
  return next === items.length;
}
