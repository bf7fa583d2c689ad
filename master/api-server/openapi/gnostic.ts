/**
 * An OpenAPI v2 document in protobuf, as kubectl and client-go ask for it.
 * Field numbers: github.com/google/gnostic-models, openapiv2/OpenAPIv2.proto.
 */
import { delimitedField, varintField } from '../protobuf/wire-writer.ts';
import type { DocumentV2, OperationV2, ParameterV2, PathItemV2 } from './document-v2.ts';
import type { JsonSchema } from './json-schema.ts';

/** The whole document; a few hundred kilobytes. */
export function encodeGnostic({ swagger, info, paths, definitions }: DocumentV2): Buffer {
  return Buffer.concat([
    delimitedField(1, swagger),
    delimitedField(2, [delimitedField(1, info.title), delimitedField(2, info.version)]),
    delimitedField(8, named(2, paths, pathItem)),
    delimitedField(9, named(1, definitions, schema)),
  ]);
}

/** Entries { name = 1, value = 2 } of a map, each in field `number`. */
function named<T>(
  number: number,
  values: Readonly<Record<string, T>>,
  encode: (value: T) => readonly Buffer[],
): Buffer[] {
  return Object.entries(values).map(([name, value]) =>
    delimitedField(number, [delimitedField(1, name), delimitedField(2, encode(value))]),
  );
}

/** Field `number` with what is there; nothing without. */
function optional<T>(
  number: number,
  value: T | undefined,
  encode: (value: T) => string | readonly Buffer[],
): Buffer[] {
  return value === undefined ? [] : [delimitedField(number, encode(value))];
}

const asText = (value: string) => value;

/** The `x-` members, each as Any { yaml = 2 }; JSON is YAML. */
function extensions(number: number, owner: Readonly<Record<string, unknown>>): Buffer[] {
  const own = Object.entries(owner).filter(([name]) => name.startsWith('x-'));
  return named(number, Object.fromEntries(own), value => [delimitedField(2, JSON.stringify(value))]);
}

function schema(given: JsonSchema): Buffer[] {
  return [
    ...optional(1, given.$ref, asText),
    ...optional(2, given.format, asText),
    ...optional(4, given.description, asText),
    ...(given.required ?? []).map(name => delimitedField(19, name)),
    // AdditionalPropertiesItem, TypeItem, ItemsItem and Properties each wrap it in their field 1.
    ...optional(21, given.additionalProperties, value => [delimitedField(1, schema(value))]),
    ...optional(22, given.type, value => [delimitedField(1, value)]),
    ...optional(23, given.items, value => [delimitedField(1, schema(value))]),
    ...optional(25, given.properties, value => named(1, value, schema)),
    ...extensions(31, given),
  ];
}

function pathItem(item: PathItemV2): Buffer[] {
  return [
    ...optional(2, item.get, operation),
    ...optional(3, item.put, operation),
    ...optional(4, item.post, operation),
    ...optional(5, item.delete, operation),
    ...optional(8, item.patch, operation),
    ...item.parameters.map(value => delimitedField(9, parametersItem(value))),
  ];
}

function operation(given: OperationV2): Buffer[] {
  return [
    delimitedField(5, given.operationId),
    ...given.produces.map(type => delimitedField(6, type)),
    ...given.consumes.map(type => delimitedField(7, type)),
    ...given.parameters.map(value => delimitedField(8, parametersItem(value))),
    delimitedField(
      9,
      // ResponseValue { response = 1 }, and in the response SchemaItem { schema = 1 }.
      named(1, given.responses, response => [
        delimitedField(1, [
          delimitedField(1, response.description),
          delimitedField(2, [delimitedField(1, schema(response.schema))]),
        ]),
      ]),
    ),
    ...extensions(13, given),
  ];
}

/** ParametersItem { parameter = 1 { body_parameter = 1, non_body_parameter = 2 } }. */
function parametersItem(given: ParameterV2): Buffer[] {
  switch (given.in) {
    case 'body': {
      const head = [
        delimitedField(2, given.name),
        delimitedField(3, given.in),
        varintField(4, given.required ? 1 : 0),
      ];
      return parameter(1, [...head, delimitedField(5, schema(given.schema))]);
    }
    case 'query': {
      const query = [
        delimitedField(2, given.in),
        delimitedField(4, given.name),
        delimitedField(6, given.type),
      ];
      return parameter(2, [delimitedField(3, query)]);
    }
    case 'path': {
      const head = [varintField(1, 1), delimitedField(2, given.in), delimitedField(4, given.name)];
      return parameter(2, [delimitedField(4, [...head, delimitedField(5, given.type)])]);
    }
  }
}

function parameter(number: number, fields: readonly Buffer[]): Buffer[] {
  return [delimitedField(1, [delimitedField(number, fields)])];
}
