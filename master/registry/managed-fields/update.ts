/** Ownership after a create or update: the writer takes what it changed, everybody loses what is gone. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, New } from '../../../shared/kubernetes/objects.ts';
import { changed, compare, isUnchanged } from './compare.ts';
import { EMPTY, isEmpty, union } from './field-set.ts';
import {
  capped,
  entriesOf,
  identityOf,
  type ManagedFields,
  type Owners,
  parseOwners,
  takenFrom,
} from './owners.ts';
import { type TrackedKind, trackedPart, type Writer } from './tracked.ts';

const NOBODY: Owners = new Map();

/**
 * The managedFields of `next`, which is about to replace `live` (undefined: to be created). `given` is what the client says they
 * are; it counts only for the object itself, and only if it makes sense. A stored object that nobody owns stays so until
 * its first apply.
 */
export function ownedAfterUpdate(
  kind: TrackedKind,
  writer: Writer,
  live: KubeObject | undefined,
  next: New<KubeObject>,
  given: ManagedFields | undefined,
): ManagedFields | undefined {
  const before = live?.metadata.managedFields;
  const rewritten = writer.subresource === '' ? rewrittenOwners(given, before) : undefined;
  const isOwned = rewritten === undefined ? (before?.length ?? 0) > 0 : rewritten.size > 0;
  if (live !== undefined && !isOwned) return undefined;
  const comparison = compare(kind.shape, trackedPart(live, kind, writer), trackedPart(next, kind, writer));
  if (isUnchanged(comparison) && rewritten === undefined) return before;
  const taken = changed(comparison);
  const owners = takenFrom(rewritten ?? parseOwners(before) ?? NOBODY, union(taken, comparison.removed));
  if (!isEmpty(taken)) {
    const { manager, apiVersion, subresource, now } = writer;
    const self = { manager, operation: 'Update' as const, apiVersion, subresource, time: now };
    const identity = identityOf(self);
    owners.set(identity, { ...self, fields: union(owners.get(identity)?.fields ?? EMPTY, taken) });
  }
  return entriesOf(capped(owners));
}

/** The owners that a client wants there from now on; undefined when it leaves them alone. `[]` and `[{}]` mean nobody. */
function rewrittenOwners(
  given: ManagedFields | undefined,
  before: ManagedFields | undefined,
): Owners | undefined {
  if (given === undefined || isDeepStrictEqual(given, before)) return undefined;
  const [only] = given;
  if (only === undefined || (given.length === 1 && Object.keys(only).length === 0)) return NOBODY;
  return parseOwners(given);
}
