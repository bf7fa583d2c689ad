/** Server-side apply: changes what is there, creates what is not. */
import { ApiError, conflict } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, KubeObject, New, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { apiVersionOf, type Kind } from './kind.ts';
import { applied } from './managed-fields/apply.ts';
import { trackedKind } from './managed-fields/owned-object.ts';
import type { ObjectRegistry } from './object-registry.ts';
import { stored } from './stored-object.ts';

/** Tries when the object comes and goes between looking and writing. */
const MAX_TRIES = 5;

export type ApplyOptions<K extends KindName> = {
  readonly manager: string;
  /** Takes what others own instead of failing. */
  readonly force: boolean;
  /** The door it came through; empty for the object itself. */
  readonly subresource: '' | 'status' | 'scale';
  readonly dryRun: boolean;
  /** The object as its writer may write it; throws ApiError for what they may not. */
  readonly guard: (next: KindMap[K], current: KindMap[K] | undefined) => New<KindMap[K]>;
};

/**
 * The object with `config` applied to it. An apply that changes nothing writes nothing. Throws ApiError Conflict naming every
 * field that another owns, and NotFound for a subresource of an object that is not there.
 */
export async function applyObject<K extends KindName>(
  deps: { readonly registry: ObjectRegistry; readonly clock: { nowMs(): number } },
  kind: Kind<K>,
  ref: ObjectRef,
  config: New<KubeObject>,
  { manager, force, subresource, dryRun, guard }: ApplyOptions<K>,
): Promise<{ object: KindMap[K]; created: boolean }> {
  const { registry, clock } = deps;
  const part = subresource === 'status' ? ('status' as const) : ('object' as const);
  const options = { as: kind, part, dryRun, owner: 'given' as const };
  const after = (live: KindMap[K] | undefined) => {
    const now = formatTime(clock.nowMs());
    const writer = { manager, force, apiVersion: apiVersionOf(kind), subresource, now };
    return guard(stored<K>(applied(trackedKind(kind), writer, live, config)), live);
  };
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const changed = await unless('NotFound', () =>
      registry.change(kind.id, ref, current => after(refuseOther(kind, current, config)), options),
    );
    if (changed !== undefined) return { object: changed, created: false };
    if (subresource !== '' || config.metadata.uid || config.metadata.resourceVersion)
      return { object: await registry.change(kind.id, ref, after, options), created: false };
    const created = await unless('AlreadyExists', () => registry.create(kind.id, after(undefined), options));
    if (created !== undefined) return { object: created, created: true };
  }
  throw conflict(kind, ref.name, 'it comes and goes too quickly; please try again');
}

/** A configuration that names a uid or resourceVersion is meant for that object alone. */
function refuseOther<T extends KubeObject>(kind: Kind, current: T, { metadata }: New<KubeObject>): T {
  const isOther =
    (metadata.uid && metadata.uid !== current.metadata.uid) ||
    (metadata.resourceVersion && metadata.resourceVersion !== current.metadata.resourceVersion);
  if (isOther) throw conflict(kind, current.metadata.name);
  return current;
}

async function unless<T>(
  reason: 'NotFound' | 'AlreadyExists',
  write: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof ApiError && error.reason === reason) return undefined;
    throw error;
  }
}
