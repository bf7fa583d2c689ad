/**
 * The patch of `apply`: what the user took out since the last time (original → modified) is deleted, what the user says
 * (modified) is set where the live object says otherwise, and what others set is left alone. Pure.
 * The rules and directives are those of Kubernetes's strategic merge patch:
 * https://git.k8s.io/design-proposals-archive/cli/preserve-order-in-strategic-merge-patch.md
 */
import { isRecord } from '../../shared/is-record.ts';
import { equalJson, type JsonObject } from '../json.ts';
import { type ListStrategy, listStrategy, replaceLists, retainsKeys } from './list-strategy.ts';

type Patch = Record<string, unknown>;
type Rules = {
  readonly listStrategy: (path: readonly string[]) => ListStrategy;
  readonly retainsKeys: (path: readonly string[]) => boolean;
};

/** For the built-in kinds: send as application/strategic-merge-patch+json. */
export const STRATEGIC: Rules = { listStrategy, retainsKeys };
/** For all others: send as application/merge-patch+json. */
export const JSON_MERGE: Rules = { listStrategy: replaceLists, retainsKeys: () => false };

export type ThreeWay = {
  /** What was applied the last time; empty when nothing was. */
  readonly original: JsonObject;
  readonly modified: JsonObject;
  readonly current: JsonObject;
};

/** Empty when the live object already is as the user wants it. */
export function threeWayPatch({ original, modified, current }: ThreeWay, rules: Rules): Patch {
  return patchObject({ original, modified, current, path: [] }, rules);
}

type Place<T> = {
  readonly original: T;
  readonly modified: T;
  readonly current: T;
  readonly path: readonly string[];
};

function patchObject({ original, modified, current, path }: Place<JsonObject>, rules: Rules): Patch {
  const patch: Patch = {};
  for (const [key, wanted] of Object.entries(modified)) {
    const live = Object.hasOwn(current, key) ? current[key] : undefined;
    const last = Object.hasOwn(original, key) ? original[key] : undefined;
    if (wanted === undefined || equalJson(wanted, live)) continue;
    if (isRecord(wanted) && isRecord(live)) {
      const place = {
        original: isRecord(last) ? last : {},
        modified: wanted,
        current: live,
        path: [...path, key],
      };
      const inner = patchObject(place, rules);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (Array.isArray(wanted) && Array.isArray(live)) {
      const lists = {
        original: Array.isArray(last) ? last : [],
        modified: wanted,
        current: live,
        path: [...path, key],
      };
      Object.assign(patch, patchList(key, lists, rules));
    } else if (wanted !== null || live !== undefined) patch[key] = wanted;
  }
  for (const key of Object.keys(original))
    if (!Object.hasOwn(modified, key) && Object.hasOwn(current, key)) patch[key] = null;
  if (rules.retainsKeys(path) && Object.keys(patch).length > 0)
    patch.$retainKeys = Object.keys(modified)
      .filter(key => modified[key] !== null)
      .sort();
  return patch;
}

function patchList(field: string, lists: Place<readonly unknown[]>, rules: Rules): Patch {
  const strategy = rules.listStrategy(lists.path);
  if (strategy.kind === 'set') return patchSet(field, lists);
  if (strategy.kind === 'replace') return { [field]: lists.modified };
  const [original, modified, current] = [lists.original, lists.modified, lists.current].map(list =>
    byKey(list, strategy.key),
  );
  // Two ports may share a number under different protocols, which the merge key cannot tell apart.
  if (original === undefined || modified === undefined || current === undefined)
    return { [field]: [...lists.modified, { $patch: 'replace' }] };
  return patchKeyed(field, { original, modified, current, path: lists.path }, strategy.key, rules);
}

function patchKeyed(
  field: string,
  { original, modified, current, path }: Place<ReadonlyMap<unknown, JsonObject>>,
  mergeKey: string,
  rules: Rules,
): Patch {
  const items: Patch[] = [];
  for (const [id, wanted] of modified) {
    const live = current.get(id);
    if (live === undefined) {
      items.push(wanted);
      continue;
    }
    const inner = patchObject(
      { original: original.get(id) ?? {}, modified: wanted, current: live, path },
      rules,
    );
    if (Object.keys(inner).length > 0) items.push({ ...inner, [mergeKey]: id });
  }
  for (const id of original.keys())
    if (!modified.has(id) && current.has(id)) items.push({ $patch: 'delete', [mergeKey]: id });
  const liveOrder = [...current.keys()].filter(id => modified.has(id));
  const wantedOrder = [...modified.keys()].filter(id => current.has(id));
  if (items.length === 0 && equalJson(liveOrder, wantedOrder)) return {};
  return {
    [`$setElementOrder/${field}`]: [...modified.keys()].map(id => ({ [mergeKey]: id })),
    ...(items.length === 0 ? {} : { [field]: items }),
  };
}

/** Undefined when an item has no key or two have the same one. */
function byKey(list: readonly unknown[], mergeKey: string): ReadonlyMap<unknown, JsonObject> | undefined {
  const items = new Map<unknown, JsonObject>();
  for (const item of list) {
    const id = isRecord(item) ? item[mergeKey] : undefined;
    if (!isRecord(item) || id === undefined || items.has(id)) return undefined;
    items.set(id, item);
  }
  return items;
}

function patchSet(field: string, { original, modified, current }: Place<readonly unknown[]>): Patch {
  const added = modified.filter(value => !current.includes(value));
  const removed = original.filter(value => !modified.includes(value) && current.includes(value));
  return {
    ...(added.length > 0 ? { [field]: added } : {}),
    ...(removed.length > 0 ? { [`$deleteFromPrimitiveList/${field}`]: removed } : {}),
  };
}
