/** The part of an object whose ownership a write can change. Pure. Source: stripMeta and the reset fields of Kubernetes's strategies. */
import type { New } from '../../../shared/kubernetes/objects.ts';
import { memberOf } from '../stored-object.ts';
import type { ManagedFields } from './owners.ts';
import type { Shape } from './shape.ts';

/** Who writes, through which door. */
export type Writer = {
  /** Of one to 128 printable characters. */
  readonly manager: string;
  /** `status`, `scale`; empty for the object itself. */
  readonly subresource: string;
  readonly apiVersion: string;
  /** RFC 3339, UTC. */
  readonly now: string;
};

/** The schema's side of a kind. */
export type TrackedKind = {
  readonly shape: Shape;
  /** Its status is written through /status alone. */
  readonly hasStatus: boolean;
  /** The metadata that /status writes too; all that has an owner without. */
  readonly metadataWithStatus?: readonly string[];
  /** What is stored of an object: nothing that only says by standing there that it is null or empty. */
  settle(object: unknown): unknown;
};

type AnyObject = New<{ metadata: { readonly managedFields?: ManagedFields } }>;

/** The fields of the object that the writer's door leads to, without those that belong to nobody. */
export function trackedPart(
  object: AnyObject | undefined,
  { hasStatus, metadataWithStatus }: TrackedKind,
  { subresource }: Pick<Writer, 'subresource'>,
): Readonly<Record<string, unknown>> {
  if (object === undefined) return {};
  if (subresource === 'status') {
    const status = memberOf(object, 'status');
    return { ...trackedMeta(object, metadataWithStatus), ...(status === undefined ? {} : { status }) };
  }
  const rest = Object.entries(object).filter(
    ([name, value]) =>
      value !== undefined &&
      !['apiVersion', 'kind', 'metadata'].includes(name) &&
      !(hasStatus && name === 'status'),
  );
  return { ...trackedMeta(object), ...Object.fromEntries(rest) };
}

function trackedMeta({ metadata }: AnyObject, names?: readonly string[]) {
  const { labels, annotations, ownerReferences, finalizers, generateName } = metadata;
  const said = Object.entries({ labels, annotations, ownerReferences, finalizers, generateName }).filter(
    ([name, value]) => value !== undefined && (names === undefined || names.includes(name)),
  );
  return said.length === 0 ? {} : { metadata: Object.fromEntries(said) };
}
