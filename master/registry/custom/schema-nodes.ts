/** What the walkers over a structural schema share. Pure. */
import { isRecord } from '../../../shared/is-record.ts';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';

/** The members of every object that the server itself knows, of an embedded one too. */
export const OBJECT_MEMBERS: readonly string[] = ['apiVersion', 'kind', 'metadata'];

/** `spec` + `replicas` → `spec.replicas`; at the root the name alone. */
export function childPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** An own member; undefined for one that only JavaScript's objects have, such as `constructor`. */
export function ownMember<T>(of: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return of !== undefined && Object.hasOwn(of, name) ? of[name] : undefined;
}

/** The schema of values that no property names; undefined when any value goes, or none. */
export function additionalSchema({ additionalProperties }: JSONSchemaProps): JSONSchemaProps | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** The schema of an object's member; undefined when the schema does not say. */
export function memberSchema(schema: JSONSchemaProps, name: string): JSONSchemaProps | undefined {
  return ownMember(schema.properties, name) ?? additionalSchema(schema);
}

/** Text of a value that is the same for equal values, whatever the order of their members. Linear. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .sort()
    .map(key => `${JSON.stringify(key)}:${canonicalText(value[key])}`);
  return `{${members.join(',')}}`;
}

/** Every schema below (and with) this one that holds for a value at its place, with its path in the definition. */
export function* schemasBelow(
  schema: JSONSchemaProps,
  path: string,
): Generator<{ readonly schema: JSONSchemaProps; readonly path: string }> {
  yield { schema, path };
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    yield* schemasBelow(member, `${path}.properties[${name}]`);
  const additional = additionalSchema(schema);
  if (additional !== undefined) yield* schemasBelow(additional, `${path}.additionalProperties`);
  if (schema.items !== undefined) yield* schemasBelow(schema.items, `${path}.items`);
}

/** Finds what an element was before: only elements of a map have an identity. */
export function earlierElements(schema: JSONSchemaProps, before: unknown): (item: unknown) => unknown {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(before)) return () => undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const identity = (item: unknown) =>
    canonicalText(keys.map(key => (isRecord(item) ? ownMember(item, key) : undefined)));
  const known = new Map(before.map(item => [identity(item), item]));
  return item => known.get(identity(item));
}
