/**
 * Removes what a structural schema does not name. Pure, idempotent.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning.
 */
import { isRecord } from '../../../shared/is-record.ts';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { decode } from '../schema.ts';
import { childPath, memberSchema, OBJECT_MEMBERS } from './schema-nodes.ts';

export type Pruned = {
  readonly value: unknown;
  /** Paths of what was removed. */
  readonly unknown: readonly string[];
};

/** `value` with only what the schema names. The root's apiVersion, kind and metadata stay, as do those of embedded resources. */
export function prune(schema: JSONSchemaProps, value: unknown): Pruned {
  const unknown: string[] = [];
  return {
    value: pruneValue({ ...schema, 'x-kubernetes-embedded-resource': true }, value, '', unknown),
    unknown,
  };
}

/** A value below the root, with only what its schema names. */
export function pruneValueBy(schema: JSONSchemaProps, value: unknown): unknown {
  return pruneValue(schema, value, '', []);
}

function pruneValue(
  schema: JSONSchemaProps | undefined,
  value: unknown,
  path: string,
  unknown: string[],
): unknown {
  if (Array.isArray(value))
    return value.map((item, index) =>
      pruneValue(schema?.items ?? keepAll(schema), item, `${path}[${index}]`, unknown),
    );
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const at = childPath(path, name);
    if (isObjectMember(schema, name))
      return [[name, path === '' ? member : objectMember(name, member, at, unknown)]];
    const below = schema === undefined ? undefined : memberSchema(schema, name);
    if (below !== undefined) return [[name, pruneValue(below, member, at, unknown)]];
    if (keepsUnknown(schema)) return [[name, member]];
    unknown.push(at);
    return [];
  });
  return Object.fromEntries(kept);
}

const KEEP_ALL: JSONSchemaProps = { 'x-kubernetes-preserve-unknown-fields': true };

function keepAll(schema: JSONSchemaProps | undefined): JSONSchemaProps | undefined {
  return keepsUnknown(schema) ? KEEP_ALL : undefined;
}

function keepsUnknown(schema: JSONSchemaProps | undefined): boolean {
  return schema?.['x-kubernetes-preserve-unknown-fields'] === true || schema?.additionalProperties === true;
}

/** Of an embedded resource; what stands there in a wrong type is left to whoever reads it. */
function objectMember(name: string, member: unknown, path: string, unknown: string[]): unknown {
  if (name !== 'metadata') return member;
  const metadata = decode('V1ObjectMeta', member);
  if (metadata.mistyped.length > 0) return member;
  unknown.push(...metadata.unknown.map(field => `${path}.${field}`));
  return metadata.value;
}

/** The members of an embedded resource are no business of its schema's. */
function isObjectMember(schema: JSONSchemaProps | undefined, name: string): boolean {
  return schema?.['x-kubernetes-embedded-resource'] === true && OBJECT_MEMBERS.includes(name);
}
