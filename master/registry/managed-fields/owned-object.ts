/** Ownership of the fields of an object of a declared kind: where the registry meets the sets. Pure. */
import type { KindMap, KindName, KubeObject } from '../../../shared/kubernetes/objects.ts';
import { apiVersionOf, type Kind } from '../kind.ts';
import type { Ownership, Part } from '../registry.ts';
import { decode } from '../schema.ts';
import { stored } from '../stored-object.ts';
import { builtInShape } from './built-in-shape.ts';
import type { ManagedFields } from './owners.ts';
import { structuralShape } from './structural-shape.ts';
import type { TrackedKind } from './tracked.ts';
import { ownedAfterUpdate } from './update.ts';

export function trackedKind({
  shape,
  type,
  subresources,
  metadataWithStatus,
  custom,
}: Pick<Kind, 'shape' | 'type' | 'subresources' | 'metadataWithStatus' | 'custom'>): TrackedKind {
  const known = shape ?? builtInShape(type);
  return {
    shape: known.kind === 'map' ? known : structuralShape(undefined),
    hasStatus: subresources.includes('status'),
    metadataWithStatus,
    settle: object => (custom === undefined ? decode(type, object).value : object),
  };
}

export type OwnedWrite = {
  readonly owner?: Ownership;
  readonly part: Part;
  /** What the writer says the managedFields are. */
  readonly given: ManagedFields | undefined;
  /** RFC 3339, UTC. */
  readonly now: string;
};

/** `next`, about to be stored in place of `current`, with the managedFields that it then has. */
export function owned<K extends KindName>(
  kind: Kind<K>,
  current: KindMap[K] | undefined,
  next: KindMap[K],
  write: OwnedWrite,
): KindMap[K] {
  const managedFields = ownersAfter(kind, current, next, write);
  if (managedFields === next.metadata.managedFields) return next;
  const { managedFields: _before, ...metadata } = next.metadata;
  const hasOwners = managedFields !== undefined && managedFields.length > 0;
  return stored<K>({ ...next, metadata: hasOwners ? { ...metadata, managedFields } : metadata });
}

function ownersAfter(
  kind: Pick<Kind, 'shape' | 'type' | 'subresources' | 'metadataWithStatus' | 'group' | 'version' | 'custom'>,
  current: KubeObject | undefined,
  next: KubeObject,
  { owner, part, given, now }: OwnedWrite,
): ManagedFields | undefined {
  if (owner === 'given') return given;
  if (owner === undefined) return current?.metadata.managedFields;
  const subresource = part === 'status' ? 'status' : (owner.subresource ?? '');
  const writer = { manager: owner.manager, subresource, apiVersion: apiVersionOf(kind), now };
  return ownedAfterUpdate(trackedKind(kind), writer, current, next, given);
}
