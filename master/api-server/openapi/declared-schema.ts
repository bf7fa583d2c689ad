/** A CustomResourceDefinition's schema as the OpenAPI documents say it. Pure. */
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import type { JsonSchema } from './json-schema.ts';

/** All of it in version 3; in version 2 without what that cannot say. */
export function declaredSchema(schema: JSONSchemaProps, dialect: { readonly hasLogic: boolean }): JsonSchema {
  const { properties, items, additionalProperties: additional, allOf, anyOf, oneOf, not, ...plain } = schema;
  const below = (part: JSONSchemaProps) => declaredSchema(part, dialect);
  const logic = {
    ...(allOf === undefined ? {} : { allOf: allOf.map(below) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(below) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map(below) }),
    ...(not === undefined ? {} : { not: below(not) }),
  };
  return {
    ...plain,
    ...(dialect.hasLogic ? logic : {}),
    ...(items === undefined ? {} : { items: below(items) }),
    ...(typeof additional === 'object' ? { additionalProperties: below(additional) } : {}),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, property]) => [name, below(property)]),
          ),
        }),
  };
}
