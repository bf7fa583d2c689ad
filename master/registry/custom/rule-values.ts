/**
 * A value as expressions see it: typed by its schema, and only what the schema names. Pure.
 * Source: Kubernetes's "Validation rules", https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
import { isRecord } from '../../../shared/is-record.ts';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { additionalSchema, OBJECT_MEMBERS } from './schema-nodes.ts';

/** Names that CEL keeps for itself: members so called are reached as `__name__`. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

export function ruleValue(schema: JSONSchemaProps, value: unknown): unknown {
  if (Array.isArray(value)) return value.map(item => ruleValue(schema.items ?? {}, item));
  if (isRecord(value)) return ruleMembers(schema, value);
  if (typeof value === 'number') return asNumber(schema, value);
  if (typeof value !== 'string') return value;
  if (schema.format === 'date-time' || schema.format === 'date') return new Date(value);
  if (schema.format === 'byte') return new Uint8Array(Buffer.from(value, 'base64'));
  return value;
}

function asNumber(schema: JSONSchemaProps, value: number): number | bigint {
  return schema.type === 'number' || !Number.isInteger(value) ? value : BigInt(value);
}

/** A Map, for a member may be called `constructor`. Members that are null count as absent. */
function ruleMembers(
  schema: JSONSchemaProps,
  value: Readonly<Record<string, unknown>>,
): Map<string, unknown> {
  const members = new Map<string, unknown>();
  const additional = additionalSchema(schema);
  for (const [name, member] of Object.entries(value)) {
    if (member === null) continue;
    const property = propertyOf(schema, name);
    if (property !== undefined) members.set(escapeName(name), ruleValue(property, member));
    else if (additional !== undefined) members.set(name, ruleValue(additional, member));
  }
  return members;
}

const TEXT: JSONSchemaProps = { type: 'string' };
/** Of metadata only this is open to rules. */
const METADATA: JSONSchemaProps = { type: 'object', properties: { name: TEXT, generateName: TEXT } };

function propertyOf(schema: JSONSchemaProps, name: string): JSONSchemaProps | undefined {
  const isObject = schema['x-kubernetes-embedded-resource'] === true;
  if (isObject && OBJECT_MEMBERS.includes(name)) return name === 'metadata' ? METADATA : TEXT;
  return schema.properties !== undefined && Object.hasOwn(schema.properties, name)
    ? schema.properties[name]
    : undefined;
}

/** `a-b` → `a__dash__b`, as Kubernetes writes names that CEL cannot. */
export function escapeName(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}
