/** Prefixes as ranges of keys in byte order (UTF-8), which is also the order of code points. */

/** Keys from `from` up to, but without, `until`; without `until` up to the last. */
export type KeyRange = { readonly from: string; readonly until: string | undefined };

/** Exactly the keys that start with `prefix`. */
export function prefixRange(prefix: string): KeyRange {
  return { from: prefix, until: afterPrefix(prefix) };
}

/** Below 0, 0 or above 0 as `a` comes before, is or comes after `b` in byte order; JavaScript's own order is by UTF-16 units. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The first string after all that start with `prefix`; undefined when there is none. */
function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, character => character.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last === 0x10ffff) continue;
    return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}
