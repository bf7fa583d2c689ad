/** What the OpenAPI documents say beyond types: how lists, maps and structs are patched and owned. */

import {
  fieldMapType,
  isAtomicStruct,
  listStrategy,
  listType,
  patchStrategies,
} from '../../registry/markers.ts';
import type { JsonSchema } from './json-schema.ts';

/** Kubernetes's extensions of a property: field `field` of `type`, itself of the type expression. */
export function propertyExtensions(type: string, field: string, expression: string): JsonSchema {
  return { ...patchExtensions(type, field), ...ownershipExtensions(type, field, expression) };
}

/** Kubernetes's extensions of a type's definition. */
export function definitionExtensions(type: string): JsonSchema {
  return isAtomicStruct(type) ? { 'x-kubernetes-map-type': 'atomic' } : {};
}

function patchExtensions(type: string, field: string): JsonSchema {
  const strategy = listStrategy(type, field);
  const words = patchStrategies(type, field);
  return {
    ...(words.length === 0 ? {} : { 'x-kubernetes-patch-strategy': words.join(',') }),
    ...(strategy.kind === 'byKey' ? { 'x-kubernetes-patch-merge-key': strategy.key } : {}),
  };
}

function ownershipExtensions(type: string, field: string, expression: string): JsonSchema {
  const mapType = fieldMapType(type, field);
  if (mapType !== undefined) return { 'x-kubernetes-map-type': mapType };
  if (!expression.startsWith('[]')) return {};
  const list = listType(type, field);
  return {
    'x-kubernetes-list-type': list.kind,
    ...(list.kind === 'map' ? { 'x-kubernetes-list-map-keys': list.keys.map(key => key.name) } : {}),
  };
}
