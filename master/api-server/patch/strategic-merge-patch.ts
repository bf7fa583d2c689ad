/**
 * Strategic merge patch: a merge patch that knows which lists are keyed. Pure.
 * Source: Kubernetes API concepts, "Strategic merge patch", and its directives $patch, $retainKeys,
 * $deleteFromPrimitiveList and $setElementOrder.
 */

import { isRecord } from '../../../shared/is-record.ts';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import { listStrategy } from '../../registry/markers.ts';
import { elementType, typeSchema } from '../../registry/schema.ts';
import { applyMergePatch } from './json-merge-patch.ts';

const DELETE_FROM_SET = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

/** `target`, an object of the named type, as the patch wants it. Throws ApiError BadRequest when a directive makes no sense. */
export function applyStrategicMergePatch(type: string, target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  const before = new Map(Object.entries(isRecord(target) ? target : {}));
  const retained = patch.$retainKeys;
  if (retained !== undefined && !isStrings(retained))
    throw malformed('$retainKeys must be a list of strings');
  if (retained !== undefined)
    for (const key of before.keys()) if (!retained.includes(key)) before.delete(key);
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith('$')) continue;
    if (value === null || (isRecord(value) && value.$patch === 'delete')) before.delete(field);
    else before.set(field, patchedField(type, field, before.get(field), value, patch));
  }
  for (const [directive, values] of Object.entries(patch)) {
    if (!directive.startsWith(DELETE_FROM_SET)) continue;
    const field = directive.slice(DELETE_FROM_SET.length);
    const current = before.get(field);
    if (!Array.isArray(values)) throw malformed(`${directive} must be a list`);
    if (Array.isArray(current))
      before.set(
        field,
        current.filter(item => !values.includes(item)),
      );
  }
  return Object.fromEntries(before);
}

function patchedField(
  type: string,
  field: string,
  before: unknown,
  value: unknown,
  patch: Record<string, unknown>,
): unknown {
  const expression = typeSchema(type)?.fields[field] ?? 'any';
  const element = elementType(expression);
  if (element === undefined)
    return isRecord(value) && typeSchema(expression)
      ? applyStrategicMergePatch(expression, before, value)
      : applyMergePatch(before, value);
  if (expression.startsWith('{}'))
    return isRecord(value) ? applyStrategicMergePatch(element, before, value) : value;
  const strategy = listStrategy(type, field);
  if (!Array.isArray(value) || strategy.kind === 'replace') return value;
  const current = Array.isArray(before) ? before : [];
  const order = patch[`${ORDER}${field}`];
  if (strategy.kind === 'set')
    return ordered([...new Set([...current, ...value])], Array.isArray(order) ? order : [], item => item);
  const merged = mergeByKey(element, strategy.key, current, value);
  const orderKeys = Array.isArray(order) ? order.map(item => keyOf(item, strategy.key)) : [];
  return ordered(merged, orderKeys, item => keyOf(item, strategy.key));
}

function mergeByKey(
  element: string,
  key: string,
  current: readonly unknown[],
  patches: readonly unknown[],
): unknown[] {
  if (patches.some(item => isRecord(item) && item.$patch === 'replace'))
    return patches.filter(item => isRecord(item) && item.$patch === undefined);
  let merged = [...current];
  for (const item of patches) {
    if (!isRecord(item) || item[key] === undefined)
      throw malformed(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = merged.findIndex(candidate => keyOf(candidate, key) === item[key]);
    if (item.$patch === 'delete') merged = merged.filter(candidate => keyOf(candidate, key) !== item[key]);
    else if (index < 0) merged.push(applyStrategicMergePatch(element, {}, item));
    else merged[index] = applyStrategicMergePatch(element, merged[index], item);
  }
  return merged;
}

/** Sorts what `order` names into that order; what it does not name keeps its place after what stood before it. */
function ordered(
  items: readonly unknown[],
  order: readonly unknown[],
  keyOfItem: (item: unknown) => unknown,
): unknown[] {
  if (order.length === 0) return [...items];
  const named = items.filter(item => order.includes(keyOfItem(item)));
  named.sort((a, b) => order.indexOf(keyOfItem(a)) - order.indexOf(keyOfItem(b)));
  const queue = [...named];
  return items.map(item => (order.includes(keyOfItem(item)) ? queue.shift() : item));
}

function keyOf(item: unknown, key: string): unknown {
  return isRecord(item) ? item[key] : undefined;
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}

function withoutDirectives(patch: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$')));
}

function malformed(message: string): ApiError {
  return new ApiError('BadRequest', `error when applying strategic merge patch: ${message}`);
}
