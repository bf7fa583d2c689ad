/**
 * Fills in a structural schema's defaults. Pure, idempotent.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting.
 */
import { isRecord } from '../../../shared/is-record.ts';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { memberSchema, ownMember } from './schema-nodes.ts';

/**
 * `value` with defaults where a property is absent, or null and not nullable. A null that is neither nullable nor defaulted
 * is dropped from objects, as Kubernetes does.
 */
export function applyDefaults(schema: JSONSchemaProps, value: unknown): unknown {
  if (Array.isArray(value)) return value.map(item => elementWithDefaults(schema.items, item));
  if (!isRecord(value)) return value;
  const entries = new Map(Object.entries(value));
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    if (property.default !== undefined && isOpen(property, ownMember(value, name)))
      entries.set(name, structuredClone(property.default));
  const filled = [...entries].flatMap(([name, member]): [string, unknown][] => {
    const below = memberSchema(schema, name);
    if (below === undefined) return [[name, member]];
    if (member === null && below.nullable !== true && below.default === undefined) return [];
    return [[name, elementWithDefaults(below, member)]];
  });
  return Object.fromEntries(filled);
}

function elementWithDefaults(schema: JSONSchemaProps | undefined, value: unknown): unknown {
  if (schema === undefined) return value;
  const isReplaced = value === null && schema.nullable !== true && schema.default !== undefined;
  return applyDefaults(schema, isReplaced ? structuredClone(schema.default) : value);
}

function isOpen(schema: JSONSchemaProps, value: unknown): boolean {
  return value === undefined || (value === null && schema.nullable !== true);
}
