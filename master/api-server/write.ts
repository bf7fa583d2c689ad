/** Creates, updates, patches and deletes, from a request to the registry. */
import * as v from 'valibot';
import { ApiError, conflict } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, KubeObject, New, ObjectRef } from '../../shared/kubernetes/objects.ts';
import type { Authorizer } from '../auth/authorize.ts';
import type { Kind } from '../registry/kind.ts';
import type { ObjectRegistry } from '../registry/object-registry.ts';
import type { DeleteOptions, Part } from '../registry/registry.ts';
import {
  contentTypeOf,
  decodeBody,
  decodeObject,
  fieldValidationOf,
  isDryRun,
  readDocument,
  readJson,
} from './decode-body.ts';
import type { Exchange } from './exchange.ts';
import { fieldManagerOf, refuseForce } from './field-owner.ts';
import { type GuardedWrite, guardWrite } from './guard-write.ts';
import { type ReadDeps, tableOptions } from './list.ts';
import { applyPatch } from './patch/apply-patch.ts';
import { listJson, objectJson, representationOf, shownIn } from './represent.ts';
import { selectionOf } from './select.ts';

export type WriteDeps = ReadDeps & { readonly registry: ObjectRegistry; readonly authorizer: Authorizer };

type Target = { readonly namespace?: string; readonly name?: string };

export function sendObject<K extends KindName>(
  deps: ReadDeps,
  exchange: Exchange,
  kind: Kind<K>,
  code: number,
  object: KindMap[K],
): void {
  exchange.sendJson(code, objectJson(kind, object, representationOf(exchange), tableOptions(deps, exchange)));
}

export async function createObject<K extends KindName>(
  deps: WriteDeps,
  exchange: Exchange,
  kind: Kind<K>,
  target: Target,
): Promise<void> {
  const { object, warnings } = await decodeBody(kind, exchange);
  if (object.metadata.resourceVersion)
    throw new ApiError('BadRequest', 'resourceVersion should not be set on objects to be created');
  const placed = guarded(deps, exchange, {
    kind,
    part: 'object',
    next: inNamespace(object, target.namespace),
  });
  const created = await deps.registry.create(kind.id, placed, {
    as: kind,
    dryRun: isDryRun(exchange),
    owner: { manager: fieldManagerOf(exchange, 'CreateOptions') },
  });
  exchange.warn([...warnings, ...(kind.warnings?.(created) ?? [])]);
  sendObject(deps, exchange, kind, 201, created);
}

/** The object as this caller may write it. */
export function guarded<K extends KindName>(
  { authorizer }: WriteDeps,
  { identity }: Exchange,
  write: GuardedWrite<K>,
): New<KindMap[K]> {
  return guardWrite({ authorizer, identity }, write);
}

/** The object in the namespace of the path. Throws ApiError BadRequest when it names another. */
export function inNamespace<T extends { metadata: { namespace?: string } }>(
  object: T,
  namespace: string | undefined,
): T {
  const own = object.metadata.namespace;
  if (own && namespace !== undefined && own !== namespace)
    throw new ApiError(
      'BadRequest',
      `the namespace of the provided object does not match the namespace sent on the request (${own} and ${namespace})`,
    );
  return { ...object, metadata: { ...object.metadata, namespace: namespace ?? own } };
}

export function refuseOtherName(object: { metadata: { name?: string } }, ref: ObjectRef): void {
  const { name } = object.metadata;
  if (name !== undefined && name !== ref.name)
    throw new ApiError(
      'BadRequest',
      `the name of the object (${name}) does not match the name on the URL (${ref.name})`,
    );
}

export async function replaceObject<K extends KindName>(
  deps: WriteDeps,
  exchange: Exchange,
  kind: Kind<K>,
  ref: ObjectRef,
  part: Part,
): Promise<void> {
  const { object, warnings } = await decodeBody(kind, exchange);
  refuseOtherName(object, ref);
  const placed = inNamespace(object, ref.namespace);
  const { resourceVersion, uid } = object.metadata;
  const make = (current: KindMap[K]) => guarded(deps, exchange, { kind, part, next: placed, current });
  const replaced = await deps.registry.change(kind.id, ref, make, {
    as: kind,
    part,
    resourceVersion,
    uid,
    dryRun: isDryRun(exchange),
    owner: { manager: fieldManagerOf(exchange, 'UpdateOptions') },
  });
  exchange.warn([...warnings, ...(kind.warnings?.(replaced) ?? [])]);
  sendObject(deps, exchange, kind, 200, replaced);
}

export async function patchObject<K extends KindName>(
  deps: WriteDeps,
  exchange: Exchange,
  kind: Kind<K>,
  ref: ObjectRef,
  part: Part,
): Promise<void> {
  const contentType = contentTypeOf(exchange);
  refuseForce(exchange);
  const owner = { manager: fieldManagerOf(exchange, 'PatchOptions') };
  const validation = fieldValidationOf(exchange);
  const { json: patch, duplicates } = await readDocument(exchange, validation);
  let warnings: readonly string[] = [];
  const make = (current: KindMap[K]): New<KindMap[K]> => {
    const patched = applyPatch(contentType, kind.type, shownIn(kind, current), patch);
    const decoded = decodeObject(kind, patched, validation, duplicates);
    refuseOtherName(decoded.object, ref);
    refuseStale(kind, current, decoded.object);
    warnings = decoded.warnings;
    return guarded(deps, exchange, { kind, part, next: decoded.object, current });
  };
  const options = { as: kind, part, dryRun: isDryRun(exchange), owner };
  const changed = await deps.registry.change(kind.id, ref, make, options);
  exchange.warn([...warnings, ...(kind.warnings?.(changed) ?? [])]);
  sendObject(deps, exchange, kind, 200, changed);
}

/** A patch that names a resourceVersion or uid holds only for that object. */
export function refuseStale(
  kind: Kind,
  current: KubeObject,
  patched: { metadata: { resourceVersion?: string; uid?: string } },
): void {
  const { resourceVersion, uid } = patched.metadata;
  const isOther =
    (resourceVersion && resourceVersion !== current.metadata.resourceVersion) ||
    (uid && uid !== current.metadata.uid);
  if (isOther) throw conflict(kind, current.metadata.name);
}

const DeleteOptionsSchema = v.object({
  gracePeriodSeconds: v.nullish(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  propagationPolicy: v.nullish(v.picklist(['Background', 'Foreground', 'Orphan'])),
  orphanDependents: v.nullish(v.boolean()),
  preconditions: v.nullish(v.object({ uid: v.nullish(v.string()), resourceVersion: v.nullish(v.string()) })),
  dryRun: v.nullish(v.array(v.literal('All'))),
});

/** From the body, or for want of one from the query. Throws ApiError BadRequest naming the field. */
export function deleteOptionsOf(exchange: Exchange, body: unknown): DeleteOptions & { dryRun: boolean } {
  const grace = exchange.query('gracePeriodSeconds');
  const given = body ?? {
    gracePeriodSeconds: grace === undefined ? undefined : Number(grace),
    propagationPolicy: exchange.query('propagationPolicy'),
    orphanDependents:
      exchange.query('orphanDependents') === undefined ? undefined : exchange.flag('orphanDependents'),
  };
  const parsed = v.safeParse(DeleteOptionsSchema, given);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new ApiError(
      'BadRequest',
      `DeleteOptions is invalid: ${v.getDotPath(issue) ?? 'body'}: ${issue.message}`,
    );
  }
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = parsed.output;
  const propagation = propagationPolicy ?? (orphanDependents === true ? 'Orphan' : undefined);
  return {
    ...(gracePeriodSeconds === null || gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagation === undefined ? {} : { propagation }),
    ...(preconditions?.uid ? { uid: preconditions.uid } : {}),
    ...(preconditions?.resourceVersion ? { resourceVersion: preconditions.resourceVersion } : {}),
    dryRun: isDryRun(exchange) || (dryRun?.length ?? 0) > 0,
  };
}

export async function deleteObject<K extends KindName>(
  deps: WriteDeps,
  exchange: Exchange,
  kind: Kind<K>,
  ref: ObjectRef,
): Promise<void> {
  const options = deleteOptionsOf(exchange, await readJson(exchange));
  const { object, removed } = await deps.registry.deleteObject(kind.id, ref, options);
  if (!removed || kind.id === 'Pod') return sendObject(deps, exchange, kind, 200, object);
  const details = {
    name: ref.name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
    uid: object.metadata.uid,
  };
  exchange.sendJson(
    200,
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }),
  );
}

export async function deleteCollection<K extends KindName>(
  deps: WriteDeps,
  exchange: Exchange,
  kind: Kind<K>,
  scope: { readonly namespace?: string },
): Promise<void> {
  const options = deleteOptionsOf(exchange, await readJson(exchange));
  const selection = selectionOf(kind, exchange, scope);
  await deps.cache.waitFor(await deps.store.revision(), exchange.signal);
  const chosen = deps.cache.list(kind.id, selection.namespace).filter(object => selection.matches(object));
  const deletions = chosen.map(async ({ metadata }) => {
    try {
      return [
        (await deps.registry.deleteObject(kind.id, metadata, { ...options, uid: metadata.uid })).object,
      ];
    } catch (error) {
      // Gone in the meantime is what was asked for.
      if (error instanceof ApiError && error.reason === 'NotFound') return [];
      throw error;
    }
  });
  const deleted = (await Promise.all(deletions)).flat();
  const listMeta = { resourceVersion: String(deps.cache.revision) };
  exchange.sendJson(
    200,
    listJson(kind, deleted, listMeta, representationOf(exchange), tableOptions(deps, exchange)),
  );
}
