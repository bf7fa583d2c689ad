/**
 * Who owns which fields: `metadata.managedFields` read, changed and written. Pure.
 * Source: k8s.io/apimachinery/pkg/util/managedfields and its internal package.
 */
import type * as meta from 'kubernetes-types/meta/v1';
import { difference, EMPTY, type FieldSet, isEmpty, isFieldSet, sorted, union } from './field-set.ts';

export type Owner = {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339; absent in what some clients write. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
  /** What said so, as long as it still holds. */
  readonly entry?: meta.ManagedFieldsEntry;
};

/** Owners by their identity. */
export type Owners = ReadonlyMap<string, Owner>;

export type ManagedFields = readonly meta.ManagedFieldsEntry[];

/** As in Kubernetes: beyond these, the oldest updates are kept together under one name. */
const MAX_UPDATE_OWNERS = 10;
const ANCIENT = 'ancient-changes';

/** What makes two entries the same owner's: an applier is one whatever version it speaks. */
export function identityOf(
  owner: Pick<Owner, 'manager' | 'operation' | 'apiVersion' | 'subresource'>,
): string {
  const { manager, operation, apiVersion, subresource } = owner;
  return JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource]);
}

/** The owners that entries name; undefined when an entry makes no sense, so that a client cannot spoil them. */
export function parseOwners(entries: ManagedFields | undefined): Owners | undefined {
  const owners = new Map<string, Owner>();
  for (const entry of entries ?? []) {
    const fields: unknown = entry.fieldsV1 ?? EMPTY;
    const { operation, manager = '', apiVersion = '', subresource = '', time } = entry;
    if (!isFieldSet(fields) || entry.fieldsType !== 'FieldsV1') return undefined;
    if (operation !== 'Apply' && operation !== 'Update') return undefined;
    const owner: Owner = { manager, operation, apiVersion, subresource, time, fields, entry };
    owners.set(identityOf(owner), owner);
  }
  return owners;
}

/** Entries as they are stored: appliers first, then by time. Owners of nothing are left out. */
export function entriesOf(owners: Owners): meta.ManagedFieldsEntry[] {
  return [...owners.values()]
    .filter(owner => !isEmpty(owner.fields))
    .sort(byOperationAndTime)
    .map(owner => owner.entry ?? entryOf(owner));
}

function entryOf(owner: Owner): meta.ManagedFieldsEntry {
  const { manager, operation, apiVersion, subresource, time, fields } = owner;
  return {
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: sorted(fields),
    ...(subresource === '' ? {} : { subresource }),
  };
}

function byOperationAndTime(a: Owner, b: Owner): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? '', b.time ?? '') ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The owners without these fields. */
export function takenFrom(owners: Owners, fields: FieldSet): Map<string, Owner> {
  return new Map([...owners].map(([identity, owner]) => [identity, withoutTaken(owner, fields)]));
}

function withoutTaken({ entry, ...owner }: Owner, taken: FieldSet): Owner {
  const fields = difference(owner.fields, taken);
  return fields === owner.fields && entry !== undefined ? { ...owner, entry } : { ...owner, fields };
}

/** Merges the oldest updates of a version into one entry until few enough are left. */
export function capped(owners: Owners): Owners {
  const updates = [...owners].filter(([, owner]) => owner.operation === 'Update' && !isEmpty(owner.fields));
  let excess = updates.length - MAX_UPDATE_OWNERS;
  if (excess <= 0) return owners;
  const kept = new Map(owners);
  const firstOf = new Map<string, string>();
  updates.sort(([, a], [, b]) => byOperationAndTime(a, b));
  for (const [identity, owner] of updates) {
    if (excess <= 0) break;
    const { apiVersion } = owner;
    const { entry: _said, ...said } = owner;
    const bucket: Owner = { ...said, manager: ANCIENT, subresource: '' };
    const bucketId = identityOf(bucket);
    const first = firstOf.get(apiVersion);
    if (first === undefined) {
      firstOf.set(apiVersion, identity);
      continue;
    }
    const before = kept.get(bucketId) ?? kept.get(first);
    if (first !== bucketId) kept.delete(first);
    kept.delete(identity);
    kept.set(bucketId, { ...bucket, fields: union(before?.fields ?? EMPTY, owner.fields) });
    excess -= 1;
  }
  return kept;
}
