/**
 * Strategic merge patch: a merge patch that knows which lists are keyed. Pure.
 * Source: Kubernetes API concepts, "Strategic merge patch", its directives $patch, $retainKeys, $deleteFromPrimitiveList and
 * $setElementOrder, and what kubectl makes of them (test/integration/patches.test.ts).
 */

import { isRecord } from '../../../shared/is-record.ts';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import { type ListStrategy, listStrategy, patchStrategies } from '../../registry/markers.ts';
import { typeSchema } from '../../registry/schema.ts';
import { arranged, isInOrder, type KeyOf } from './element-order.ts';

const RETAIN = '$retainKeys';
const DELETE_FROM_SET = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

type Members = Readonly<Record<string, unknown>>;

/** `target`, an object of the named type, as the patch wants it. Throws ApiError BadRequest when a directive makes no sense. */
export function applyStrategicMergePatch(type: string, target: unknown, patch: Members): Members {
  return mergeMaps(type, isRecord(target) ? target : {}, patch);
}

/** `type` is a type expression of the field tables: a struct, or a map. */
function mergeMaps(type: string, target: Members, patch: Members): Members {
  if (patch.$patch !== undefined) return directed(patch);
  const retained = retainedKeys(patch);
  const present = new Map(
    Object.entries(target).filter(([name]) => retained === undefined || retained.includes(name)),
  );
  const merged = new Map(present);
  for (const [name, value] of Object.entries(patch)) {
    if (name === RETAIN || name.startsWith(DELETE_FROM_SET)) continue;
    const field = name.startsWith(ORDER) ? name.slice(ORDER.length) : name;
    const order = patch[`${ORDER}${field}`];
    const changed =
      order === undefined
        ? mergeField(type, field, present.get(field), value)
        : mergeOrdered(type, field, present.get(field), { order, items: patch[field] });
    if (changed === undefined) merged.delete(field);
    else merged.set(field, changed);
  }
  for (const [name, values] of Object.entries(patch)) {
    if (!name.startsWith(DELETE_FROM_SET)) continue;
    const field = name.slice(DELETE_FROM_SET.length);
    const current = merged.get(field);
    if (!Array.isArray(values)) throw malformed(`${name} must be a list`);
    const gone = new Set<unknown>(values);
    if (Array.isArray(current))
      merged.set(
        field,
        current.filter(item => !gone.has(item)),
      );
  }
  return Object.fromEntries(merged);
}

/** What a map with the directive $patch stands for. */
function directed({ $patch, ...rest }: Members): Members {
  if ($patch === 'replace') return rest;
  if ($patch === 'delete') return {};
  throw malformed(`unknown patch type: ${JSON.stringify($patch)} in map: ${JSON.stringify(rest)}`);
}

/** The only members that may stay; undefined for all. */
function retainedKeys(patch: Members): readonly unknown[] | undefined {
  const retained = patch[RETAIN];
  if (retained === undefined) return undefined;
  const stray = Object.entries(patch).some(
    ([name, value]) =>
      value !== null &&
      name !== RETAIN &&
      !name.startsWith(DELETE_FROM_SET) &&
      !name.startsWith(ORDER) &&
      !(Array.isArray(retained) && retained.includes(name)),
  );
  if (!Array.isArray(retained) || stray) throw malformed('invalid patch format of retainKeys');
  return retained;
}

/** The type expression of a member, and how it is merged when it is a list. */
function fieldOf(type: string, field: string): { readonly type: string; readonly strategy: ListStrategy } {
  if (type.startsWith('{}')) return { type: type.slice(2), strategy: { kind: 'replace' } };
  const fields = typeSchema(type)?.fields ?? {};
  const known = Object.hasOwn(fields, field) ? fields[field] : undefined;
  return { type: known ?? 'any', strategy: listStrategy(type, field) };
}

/** A member as the patch wants it; undefined when it goes. */
function mergeField(type: string, field: string, before: unknown, value: unknown): unknown {
  if (value === null) return undefined;
  const { type: own, strategy } = fieldOf(type, field);
  if (isRecord(before) && isRecord(value))
    return patchStrategies(type, field).includes('replace') ? value : mergeMaps(own, before, value);
  if (Array.isArray(before) && Array.isArray(value)) return mergeLists(own, strategy, before, value);
  return asNew(value);
}

function mergeLists(
  type: string,
  strategy: ListStrategy,
  before: readonly unknown[],
  items: readonly unknown[],
): readonly unknown[] {
  switch (strategy.kind) {
    case 'replace':
      return items;
    case 'set':
      return arranged([...new Set([...before, ...items])], items, before, item => item);
    case 'byKey': {
      const { present, patches } = withoutDirected(strategy.key, before, items);
      const keyOf = keyOfElement(strategy.key);
      return arranged(mergeElements(type.slice(2), keyOf, present, patches), patches, present, keyOf);
    }
  }
}

/** A list with its $setElementOrder. Either may lack the list itself. */
function mergeOrdered(
  type: string,
  field: string,
  before: unknown,
  { order, items }: { readonly order: unknown; readonly items: unknown },
): unknown {
  if (items === null) return undefined;
  if (!isListOrNone(order) || !isListOrNone(before) || !isListOrNone(items) || order === undefined)
    throw malformed(`invalid patch format of setElementOrder list: ${field} and its order must be lists`);
  if (before === undefined && items === undefined) return undefined;
  if (!before?.length && !items?.length) throw malformed('no elements in any of the given slices');
  const { type: own, strategy } = fieldOf(type, field);
  const keyOf: KeyOf = strategy.kind === 'byKey' ? keyOfElement(strategy.key) : item => item;
  const kept = (items ?? []).filter(item => !isRecord(item) || item.$patch === undefined);
  if (!isInOrder(kept, order, keyOf))
    throw malformed(
      `the order in patch list: ${JSON.stringify(kept)} doesn't match ${ORDER}${field} list: ${JSON.stringify(order)}`,
    );
  if (before === undefined) return arranged(kept.map(asNew), order, [], keyOf);
  const merged = items === undefined ? before : mergeLists(own, strategy, before, items);
  return arranged(merged, order, before, keyOf);
}

function isListOrNone(value: unknown): value is readonly unknown[] | undefined {
  return value === undefined || Array.isArray(value);
}

/** Carries out the elements that are directives: what then stands there, and the elements left to merge into it. */
function withoutDirected(key: string, before: readonly unknown[], items: readonly unknown[]) {
  const keyOf = keyOfElement(key);
  const patches = items.filter(item => !isRecord(item) || item.$patch === undefined);
  const directives = items.filter(isRecord).filter(item => item.$patch !== undefined);
  const unknown = directives.find(item => item.$patch !== 'delete' && item.$patch !== 'replace');
  if (unknown !== undefined) directed(unknown);
  const deleted = new Set(directives.filter(item => item.$patch === 'delete').map(keyOf));
  if (directives.some(item => item.$patch === 'replace')) return { present: patches, patches: [] };
  return {
    present: before.filter(item => !(isRecord(item) && deleted.has(item[key]))),
    patches,
  };
}

function mergeElements(
  type: string,
  keyOf: KeyOf,
  present: readonly unknown[],
  patches: readonly unknown[],
): readonly unknown[] {
  const merged = [...present];
  const places = new Map(merged.map((item, index): [unknown, number] => [keyOf(item), index]).reverse());
  for (const patch of patches) {
    const place = places.get(keyOf(patch)) ?? merged.length;
    places.set(keyOf(patch), place);
    const before = merged[place];
    merged[place] = isRecord(before) && isRecord(patch) ? mergeMaps(type, before, patch) : patch;
  }
  return merged;
}

/** Throws ApiError BadRequest for an element without its key. */
function keyOfElement(key: string): KeyOf {
  return item => {
    if (isRecord(item) && item[key] !== undefined) return item[key];
    throw malformed(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
  };
}

/** A value that nothing stands in the way of: without nulls, and without what is a directive; undefined when it is one itself. */
function asNew(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asNew).filter(item => item !== undefined);
  if (!isRecord(value)) return value;
  if (value.$patch !== undefined) return undefined;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(
    members.map(([name, member]) => [name, asNew(member)]).filter(([, member]) => member !== undefined),
  );
}

function malformed(message: string): ApiError {
  return new ApiError('BadRequest', `error when applying strategic merge patch: ${message}`);
}
