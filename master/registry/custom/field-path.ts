/** The plain paths of scale and selectable fields: `.spec.replicas`, `.spec['a.b']`; no lists, no filters. Pure. */
import { isRecord } from '../../../shared/is-record.ts';
import { ownMember } from './schema-nodes.ts';

const STEP = /^(?:\.([A-Za-z_][A-Za-z0-9_-]*)|\['([^']+)'\])/;

/** The names along the path; undefined when it is no plain path. */
export function fieldNames(path: string): readonly string[] | undefined {
  const names: string[] = [];
  let rest = path;
  while (rest !== '') {
    const step = STEP.exec(rest);
    const name = step?.[1] ?? step?.[2];
    if (step === null || name === undefined) return undefined;
    names.push(name);
    rest = rest.slice(step[0].length);
  }
  return names.length === 0 ? undefined : names;
}

/** The value at the end of the names; undefined where they lead nowhere. */
export function valueAt(object: unknown, names: readonly string[]): unknown {
  let value = object;
  for (const name of names) value = isRecord(value) ? ownMember(value, name) : undefined;
  return value;
}

/** A copy of the object with this value at the end of the names; what is missing on the way is made. */
export function withValueAt<T extends object>(
  object: T,
  [name, ...rest]: readonly string[],
  value: unknown,
): T {
  if (name === undefined) return object;
  const current = isRecord(object) ? ownMember(object, name) : undefined;
  return {
    ...object,
    [name]: rest.length === 0 ? value : withValueAt(isRecord(current) ? current : {}, rest, value),
  };
}
