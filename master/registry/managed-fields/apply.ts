/** Server-side apply: a configuration merged into an object, with who owns what afterwards. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, New } from '../../../shared/kubernetes/objects.ts';
import { changed, compare, isUnchanged } from './compare.ts';
import { applyConflict, type Conflict } from './conflicts.ts';
import { difference, type FieldSet, intersection, isEmpty, union } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';
import { KUBECTL, lastApplied, withLastApplied } from './last-applied.ts';
import { merge } from './merge.ts';
import { entriesOf, identityOf, type Owner, type Owners, parseOwners, takenFrom } from './owners.ts';
import { prune } from './prune.ts';
import { type TrackedKind, trackedPart, type Writer } from './tracked.ts';

/** Owns everything of an object that was written before anybody kept account. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

export type ApplyWriter = Writer & {
  /** Takes what others own instead of failing. */
  readonly force: boolean;
};

/**
 * `live` with the configuration applied, `metadata.managedFields` included. `live` is undefined for an object to be created.
 * Applying what stands there already changes nothing, times least of all. Throws ApiError Conflict.
 */
export function applied<T extends KubeObject>(
  kind: TrackedKind,
  writer: ApplyWriter,
  live: T | undefined,
  config: New<KubeObject>,
): New<KubeObject> {
  const before = trackedPart(live, kind, writer);
  const wanted = trackedPart(config, kind, writer);
  const owners = ownersBefore(kind, writer, live);
  const { manager, apiVersion, subresource, now } = writer;
  const self = { manager, operation: 'Apply' as const, apiVersion, subresource };
  const identity = identityOf(self);
  const last = owners.get(identity);
  const fields = fieldsOf(kind.shape, wanted);

  const others = new Map(owners);
  others.delete(identity);
  const pruned = prune(kind.shape, merge(kind.shape, before, wanted), last?.fields, [
    ...others.values(),
    { ...self, time: now, fields },
  ]);
  // Once more, for what the configuration wants to stand there empty.
  const after = kind.settle(merge(kind.shape, pruned, wanted));
  const comparison = compare(kind.shape, before, after);
  const taken = changed(comparison);
  // What the configuration wants to be null is gone, and as much its doing as what it changes.
  const conflicts = conflictsWith(others, union(taken, intersection(comparison.removed, fields)));
  if (conflicts.length > 0 && !writer.force) refuseConflicts(kind, writer, live, conflicts);

  const kept = takenFrom(others, union(taken, comparison.removed));
  const isSame = isUnchanged(comparison) && isDeepStrictEqual(last?.fields, fields);
  kept.set(identity, { ...self, time: isSame ? last?.time : now, fields });
  return composed(live ?? config, after, writer, {
    managedFields: entriesOf(kept),
    lastApplied: manager === KUBECTL && subresource === '' ? config : undefined,
  });
}

function ownersBefore(kind: TrackedKind, writer: Writer, live: KubeObject | undefined): Owners {
  const owners = parseOwners(live?.metadata.managedFields) ?? new Map();
  if (live === undefined || owners.size > 0) return owners;
  const { apiVersion, subresource, now } = writer;
  const everybody = { manager: BEFORE_FIRST_APPLY, operation: 'Update' as const, apiVersion, subresource };
  const fields = changed(compare(kind.shape, {}, trackedPart(live, kind, writer)));
  return new Map([[identityOf(everybody), { ...everybody, time: now, fields }]]);
}

function conflictsWith(others: Owners, taken: FieldSet): Conflict[] {
  return [...others.values()].flatMap((owner: Owner) => {
    const fields = intersection(owner.fields, taken);
    return isEmpty(fields) ? [] : [{ owner, fields }];
  });
}

/** kubectl may overwrite what its own client-side apply wrote, as long as nobody has changed it since. */
function refuseConflicts(
  kind: TrackedKind,
  writer: Writer,
  live: KubeObject | undefined,
  conflicts: readonly Conflict[],
): void {
  const said = writer.manager === KUBECTL && live !== undefined ? lastApplied(live) : undefined;
  if (said === undefined) throw applyConflict(conflicts);
  const { modified, removed } = compare(kind.shape, said, live);
  const allowed = difference(fieldsOf(kind.shape, said), union(modified, removed));
  const left = conflicts
    .map(({ owner, fields }) => ({ owner, fields: difference(fields, allowed) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (left.length > 0) throw applyConflict(left);
}

/** The whole object again, from the part that was applied. */
function composed(
  base: New<KubeObject>,
  part: unknown,
  { subresource }: Writer,
  more: { readonly managedFields: KubeObject['metadata']['managedFields']; readonly lastApplied: unknown },
): New<KubeObject> {
  const { apiVersion, kind, metadata } = base;
  const given: { readonly metadata?: object } = typeof part === 'object' && part !== null ? part : {};
  if (subresource === 'status')
    return { ...base, ...given, metadata: { ...metadata, managedFields: more.managedFields } };
  const {
    labels: _l,
    annotations: _a,
    ownerReferences: _o,
    finalizers: _f,
    generateName: _g,
    ...identity
  } = metadata;
  const meta = withLastApplied({ ...identity, ...given.metadata }, more.lastApplied);
  return { ...given, apiVersion, kind, metadata: { ...meta, managedFields: more.managedFields } };
}
