/** The definitions of the served kinds and of all that they hold, from the field tables, for OpenAPI of either version. */

import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { elementType, typeSchema } from '../../registry/schema.ts';
import type { DecodedType } from '../decode-body.ts';
import { definitionOfMessage, messageOfType } from '../protobuf/messages.ts';
import { declaredSchema } from './declared-schema.ts';
import { definitionExtensions, propertyExtensions } from './extensions.ts';
import type { JsonSchema } from './json-schema.ts';

/** Type → { "": what it is, field: what that is }. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What is to be defined, besides all that it holds. */
export type Described = {
  readonly types: readonly DecodedType[];
  /** Of which there are lists. */
  readonly listed: readonly DecodedType[];
};

/** Where the versions of OpenAPI differ. */
export type Dialect = {
  /** A property or item that is the definition of this name. */
  reference(definition: string): JsonSchema;
  readonly quantity: JsonSchema;
  readonly intOrString: JsonSchema;
  readonly any: JsonSchema;
  /** Whether it has anyOf, oneOf, allOf and not. */
  readonly hasLogic: boolean;
};

/** Scalars that are definitions of their own, so that clients show their names. */
const NAMED_SCALARS = {
  time: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
  microTime: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
} as const;

const SCALARS: Readonly<Record<string, JsonSchema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
};

/** Types that are never sent, and so stand in no table of messages. */
const ANSWERED = new Set(['V1ListMeta', 'V1Status', 'V1StatusCause', 'V1StatusDetails']);

/** `V1PodSpec` → `io.k8s.api.core.v1.PodSpec`. */
export function definitionName(type: string): string {
  if (ANSWERED.has(type)) return `io.k8s.apimachinery.pkg.apis.meta.v1.${type.slice('V1'.length)}`;
  const message = messageOfType(type);
  return message === undefined ? `io.pikelet.${type}` : definitionOfMessage(message);
}

/** The definition of a kind; com.example.stable.v1.CronTab for a custom one, as Kubernetes names it. */
export function kindDefinitionName(kind: DecodedType): string {
  if (kind.custom === undefined) return definitionName(kind.type);
  return `${kind.group.split('.').reverse().join('.')}.${kind.version}.${kind.kind}`;
}

export function listDefinitionName(kind: DecodedType): string {
  return `${kindDefinitionName(kind)}List`;
}

/** Types that calls of every kind take or answer. */
const COMMON = ['V1ListMeta', 'V1Status', 'V1DeleteOptions'];

/** Definitions by name. */
export function definitionsOf(
  { types: kinds, listed }: Described,
  descriptions: Descriptions,
  dialect: Dialect,
): Record<string, JsonSchema> {
  const types = new Set<string>();
  for (const type of COMMON) collectTypes(type, types);
  for (const kind of kinds) collectTypes(kind.custom === undefined ? kind.type : 'V1ObjectMeta', types);
  const custom = kinds.flatMap(kind =>
    kind.custom === undefined
      ? []
      : [[kindDefinitionName(kind), customDefinition(kind, kind.custom.schema, dialect)] as const],
  );
  const time: JsonSchema = { type: 'string', format: 'date-time' };
  return {
    ...Object.fromEntries(
      [...types].map(type => [definitionName(type), definitionOf(type, kinds, descriptions, dialect)]),
    ),
    ...Object.fromEntries(custom),
    ...Object.fromEntries(listed.map(kind => [listDefinitionName(kind), listDefinition(kind, dialect)])),
    [NAMED_SCALARS.time]: time,
    [NAMED_SCALARS.microTime]: time,
    [NAMED_SCALARS.quantity]: dialect.quantity,
    [NAMED_SCALARS.intOrString]: dialect.intOrString,
  };
}

/** The schema of a custom kind, with what every object has. */
function customDefinition(kind: DecodedType, schema: JSONSchemaProps, dialect: Dialect): JsonSchema {
  const declared = declaredSchema(schema, dialect);
  return {
    ...declared,
    properties: {
      ...declared.properties,
      apiVersion: { type: 'string', description: API_VERSION },
      kind: { type: 'string', description: KIND },
      metadata: { description: METADATA, ...dialect.reference(definitionName('V1ObjectMeta')) },
    },
    'x-kubernetes-group-version-kind': [groupVersionKind(kind)],
  };
}

function listDefinition(kind: DecodedType, dialect: Dialect): JsonSchema {
  return {
    type: 'object',
    description: `${kind.kind}List is a list of objects of kind ${kind.kind}.`,
    properties: {
      apiVersion: { type: 'string', description: API_VERSION },
      items: { type: 'array', items: dialect.reference(kindDefinitionName(kind)) },
      kind: { type: 'string', description: KIND },
      metadata: { description: LIST_METADATA, ...dialect.reference(definitionName('V1ListMeta')) },
    },
    required: ['items'],
    'x-kubernetes-group-version-kind': [groupVersionKind({ ...kind, kind: `${kind.kind}List` })],
  };
}

const LIST_METADATA = 'Standard list metadata.';
const API_VERSION = 'APIVersion defines the versioned schema of this representation of an object.';
const KIND = 'Kind is a string value representing the REST resource this object represents.';
const METADATA = "Standard object's metadata.";

function collectTypes(name: string, into: Set<string>): void {
  const type = typeSchema(name);
  if (type === undefined || into.has(name)) return;
  into.add(name);
  for (const expression of Object.values(type.fields))
    collectTypes(expression.replace(/^(\[\]|\{\})+/, ''), into);
}

function definitionOf(
  name: string,
  kinds: readonly DecodedType[],
  descriptions: Descriptions,
  dialect: Dialect,
): JsonSchema {
  const type = typeSchema(name);
  const about = descriptions[name] ?? {};
  const ofKind = kinds.filter(candidate => candidate.type === name);
  const properties = Object.entries(type?.fields ?? {}).map(([field, expression]) => [
    field,
    {
      ...(about[field] ? { description: about[field] } : {}),
      ...propertyOf(expression, dialect),
      ...propertyExtensions(name, field, expression),
    },
  ]);
  return {
    ...(about[''] ? { description: about[''] } : {}),
    type: 'object',
    ...definitionExtensions(name),
    properties: Object.fromEntries(properties),
    ...(type !== undefined && type.required.length > 0 ? { required: type.required } : {}),
    ...(ofKind.length === 0 ? {} : { 'x-kubernetes-group-version-kind': ofKind.map(groupVersionKind) }),
  };
}

function propertyOf(expression: string, dialect: Dialect): JsonSchema {
  const element = elementType(expression);
  if (element !== undefined)
    return expression.startsWith('[]')
      ? { type: 'array', items: propertyOf(element, dialect) }
      : { type: 'object', additionalProperties: propertyOf(element, dialect) };
  if (isNamedScalar(expression)) return dialect.reference(NAMED_SCALARS[expression]);
  if (typeSchema(expression) !== undefined) return dialect.reference(definitionName(expression));
  return SCALARS[expression] ?? dialect.any;
}

function isNamedScalar(expression: string): expression is keyof typeof NAMED_SCALARS {
  return Object.hasOwn(NAMED_SCALARS, expression);
}

/** As `x-kubernetes-group-version-kind` says it. */
export function groupVersionKind({ group, version, kind }: Pick<DecodedType, 'group' | 'version' | 'kind'>) {
  return { group, version, kind };
}
