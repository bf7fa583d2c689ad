/** Whether a schema's default is itself valid, whole and pruned. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { invalidValue } from '../field-checks.ts';
import { applyDefaults } from './apply-defaults.ts';
import { patternFault } from './pattern.ts';
import { pruneValueBy } from './prune.ts';
import { schemasBelow } from './schema-nodes.ts';
import { validateValue } from './validate-value.ts';

export function checkDefault(schema: JSONSchemaProps, path: string): StatusCause[] {
  const { default: value } = schema;
  if (value === undefined || hasFaultyPattern(schema)) return [];
  const field = `${path}.default`;
  if (!isDeepStrictEqual(pruneValueBy(schema, value), value))
    return [invalidValue(field, value, 'must not have unknown fields')];
  return validateValue(schema, applyDefaults(schema, value), { path: field });
}

/** That is told where it stands, and nothing can be checked against it. */
function hasFaultyPattern(schema: JSONSchemaProps): boolean {
  return [...schemasBelow(schema, '')].some(
    ({ schema: { pattern } }) => pattern !== undefined && patternFault(pattern) !== undefined,
  );
}
