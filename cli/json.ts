/** Walking JSON whose shape is not promised: every step may find nothing, and says so with undefined. */
import { isRecord } from '../shared/is-record.ts';

export type JsonObject = { readonly [key: string]: unknown };

/** The value at the end of `path`, or undefined where the path breaks off. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value;
  for (const step of path) {
    if (typeof step === 'number') current = Array.isArray(current) ? current[step] : undefined;
    else current = isRecord(current) && Object.hasOwn(current, step) ? current[step] : undefined;
  }
  return current;
}

/** The string at `path`; numbers and booleans are written out; undefined for anything else. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path);
  if (typeof found === 'string') return found;
  return typeof found === 'number' || typeof found === 'boolean' ? String(found) : undefined;
}

/** The number at `path`, 0 when there is none. */
export function countAt(value: unknown, ...path: readonly (string | number)[]): number {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : 0;
}

/** The array at `path`, empty when there is none. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The object at `path`, empty when there is none. */
export function objectAt(value: unknown, ...path: readonly (string | number)[]): JsonObject {
  const found = at(value, ...path);
  return isRecord(found) ? found : {};
}

/** The members of the object at `path` whose values are strings; empty when there is none. */
export function stringsAt(value: unknown, ...path: readonly (string | number)[]): Record<string, string> {
  const strings: Record<string, string> = {};
  for (const [key, member] of Object.entries(objectAt(value, ...path))) {
    if (typeof member === 'string') strings[key] = member;
  }
  return strings;
}

/** Equality of JSON values; the order of an object's members does not matter, and an undefined member is none. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equalJson(item, b[index]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every(key => equalJson(a[key], b[key]));
}
