/**
 * The shape of objects by an OpenAPI v3 schema with Kubernetes's extensions: what a CustomResourceDefinition declares.
 * Source: Kubernetes's "Extend the API with CustomResourceDefinitions" and "Server-Side Apply", merge strategy.
 */
import { isRecord } from '../../../shared/is-record.ts';
import { builtInShape } from './built-in-shape.ts';
import { ANY, LEAF, type ListKey, mapOf, SET, type Shape } from './shape.ts';

const NONE: ReadonlySet<string> = new Set();

/** The shape of a whole custom object; without a schema, values say it themselves. Metadata is every kind's own. */
export function structuralShape(schema: unknown): Shape {
  const declared = shapeOf(schema);
  const metadata = builtInShape('V1ObjectMeta');
  return {
    kind: 'map',
    element: ANY,
    isStruct: true,
    embedded: NONE,
    field: name =>
      name === 'metadata' ? metadata : declared.kind === 'map' ? declared.field(name) : undefined,
  };
}

function shapeOf(schema: unknown): Shape {
  if (!isRecord(schema)) return ANY;
  switch (schema.type) {
    case 'object':
      return objectShape(schema);
    case 'array':
      return arrayShape(schema);
    case undefined:
      return schema['x-kubernetes-preserve-unknown-fields'] === true ? ANY : LEAF;
    default:
      return LEAF;
  }
}

function objectShape(schema: Readonly<Record<string, unknown>>): Shape {
  if (schema['x-kubernetes-map-type'] === 'atomic') return LEAF;
  if (isRecord(schema.additionalProperties)) return mapOf(shapeOf(schema.additionalProperties));
  if (!isRecord(schema.properties)) return ANY;
  const fields = new Map(Object.entries(schema.properties).map(([name, field]) => [name, shapeOf(field)]));
  return { kind: 'map', element: ANY, isStruct: true, embedded: NONE, field: name => fields.get(name) };
}

function arrayShape(schema: Readonly<Record<string, unknown>>): Shape {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return SET;
    case 'map': {
      const names = schema['x-kubernetes-list-map-keys'];
      const keys = Array.isArray(names) ? names.filter(name => typeof name === 'string') : [];
      return {
        kind: 'list',
        keys: keys.map(name => listKey(name, schema.items)),
        item: shapeOf(schema.items),
      };
    }
    default:
      return LEAF;
  }
}

function listKey(name: string, items: unknown): ListKey {
  const properties = isRecord(items) && isRecord(items.properties) ? items.properties : {};
  const key = properties[name];
  const fallback = isRecord(key) ? key.default : undefined;
  return typeof fallback === 'string' ? { name, default: fallback } : { name };
}
