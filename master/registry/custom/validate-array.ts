/** Checks of a list as a whole: its size, and that sets and maps hold each element once. Pure, linear. */
import { isRecord } from '../../../shared/is-record.ts';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { duplicateValue, invalidValue } from '../field-checks.ts';
import { canonicalText, ownMember } from './schema-nodes.ts';

export function checkArray(schema: JSONSchemaProps, items: readonly unknown[], path: string): StatusCause[] {
  const { minItems: min, maxItems: max } = schema;
  return [
    ...(min !== undefined && items.length < min
      ? [invalidValue(path, items.length, `${path} in body should have at least ${min} items`)]
      : []),
    ...(max !== undefined && items.length > max
      ? [
          {
            reason: 'FieldValueTooMany',
            message: `Too many: ${items.length}: must have at most ${max} items`,
            field: path,
          },
        ]
      : []),
    ...checkElementsDiffer(schema, items, path),
  ];
}

/** Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype. */
function checkElementsDiffer(
  schema: JSONSchemaProps,
  items: readonly unknown[],
  path: string,
): StatusCause[] {
  const identityOf = elementIdentity(schema);
  if (identityOf === undefined) return [];
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const identity = identityOf(item);
    const text = canonicalText(identity);
    const isSecond = seen.has(text);
    seen.add(text);
    return isSecond ? [duplicateValue(`${path}[${index}]`, identity)] : [];
  });
}

/** By what elements are the same one; undefined for a list that may hold anything twice. */
function elementIdentity(schema: JSONSchemaProps): ((item: unknown) => unknown) | undefined {
  if (schema['x-kubernetes-list-type'] === 'set') return item => item;
  if (schema['x-kubernetes-list-type'] !== 'map') return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return item =>
    Object.fromEntries(keys.map(key => [key, isRecord(item) ? ownMember(item, key) : undefined]));
}
