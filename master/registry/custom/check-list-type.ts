/** Whether `x-kubernetes-list-type` and its keys fit the list. Pure. Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { checkOneOf, duplicateValue, forbidden, invalidValue, requiredValue } from '../field-checks.ts';
import { ownMember } from './schema-nodes.ts';

export function checkListType(schema: JSONSchemaProps, path: string): StatusCause[] {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const keysPath = `${path}.x-kubernetes-list-map-keys`;
  if (listType !== 'map')
    return [
      ...checkOneOf(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']),
      ...(listType !== undefined ? checkIsArray(schema, path) : []),
      ...(listType === 'set' ? checkSetItems(schema.items, path) : []),
      ...(keys.length > 0 ? [forbidden(keysPath, 'must be empty if x-kubernetes-list-type is not map')] : []),
    ];
  return [
    ...checkIsArray(schema, path),
    ...(keys.length === 0
      ? [requiredValue(keysPath, 'must not be empty if x-kubernetes-list-type is map')]
      : []),
    ...(schema.items !== undefined && schema.items.type !== 'object'
      ? [
          invalidValue(
            `${path}.items.type`,
            schema.items.type ?? '',
            "must be object if parent array's x-kubernetes-list-type is map",
          ),
        ]
      : []),
    ...keys.flatMap((key, index) =>
      keys.indexOf(key) < index
        ? [duplicateValue(`${keysPath}[${index}]`, key)]
        : checkKey(schema.items ?? {}, key, path, index),
    ),
  ];
}

function checkIsArray(schema: JSONSchemaProps, path: string): StatusCause[] {
  return schema.type === 'array'
    ? []
    : [
        invalidValue(
          `${path}.type`,
          schema.type ?? '',
          'must be array if x-kubernetes-list-type is specified',
        ),
      ];
}

function checkSetItems(items: JSONSchemaProps | undefined, path: string): StatusCause[] {
  const isGranular =
    (items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') ||
    (items?.type === 'array' && !['atomic', undefined].includes(items['x-kubernetes-list-type']));
  return isGranular
    ? [
        invalidValue(
          `${path}.items`,
          items?.type,
          'must be a scalar or atomic if x-kubernetes-list-type is set',
        ),
      ]
    : [];
}

function checkKey(items: JSONSchemaProps, key: string, path: string, index: number): StatusCause[] {
  const property = ownMember(items.properties, key);
  if (property === undefined)
    return [
      invalidValue(
        `${path}.x-kubernetes-list-map-keys[${index}]`,
        key,
        'entries must all be names of item properties',
      ),
    ];
  const at = `${path}.items.properties[${key}]`;
  return [
    ...(property.type === 'array' || property.type === 'object'
      ? [
          invalidValue(
            `${at}.type`,
            property.type,
            "must be a scalar type if parent array's x-kubernetes-list-type is map",
          ),
        ]
      : []),
    ...(property.default === undefined && !items.required?.includes(key)
      ? [
          requiredValue(
            `${at}.default`,
            'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
          ),
        ]
      : []),
  ];
}
