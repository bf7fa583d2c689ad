/** Lists and single reads, from the watch cache; older snapshots from the store. */
import * as v from 'valibot';
import { deadlineAfter } from '../../shared/deadline.ts';
import { ApiError, notFound } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, ObjectRef } from '../../shared/kubernetes/objects.ts';
import type { Kind } from '../registry/kind.ts';
import type { KindTable } from '../registry/kinds.ts';
import { CompactedError, type Store } from '../store/store.ts';
import { kindPrefix, refKey } from '../watch/keys.ts';
import { type ObjectCache, withRevision } from '../watch/object-cache.ts';
import type { Exchange } from './exchange.ts';
import { FUTURE_REVISION_WAIT_MS } from './limits.ts';
import { type LeaseDeps, nodeLease, nodeLeases } from './node-leases.ts';
import { listJson, objectJson, representationOf, type TableOptions } from './represent.ts';
import { type Selection, selectionOf } from './select.ts';

export type ReadDeps = {
  readonly cache: ObjectCache;
  readonly usage: LeaseDeps['usage'];
  readonly store: Store;
  readonly kinds: Pick<KindTable, 'get'>;
  readonly clock: { nowMs(): number };
};

/** Waits until the cache has all that was written before the request came. */
async function catchUp({ cache, store }: ReadDeps, exchange: Exchange): Promise<void> {
  await cache.waitFor(await store.revision(), exchange.signal);
}

export function tableOptions(deps: Pick<ReadDeps, 'clock'>, exchange: Exchange): TableOptions {
  return {
    withColumns: true,
    includeObject: exchange.query('includeObject') ?? 'Metadata',
    nowMs: deps.clock.nowMs(),
  };
}

export async function getObject<K extends KindName>(
  deps: ReadDeps,
  exchange: Exchange,
  kind: Kind<K>,
  ref: ObjectRef,
): Promise<void> {
  await catchUp(deps, exchange);
  const object = deps.cache.get(kind.id, ref) ?? nodeLease(deps, kind, ref);
  if (object === undefined) throw notFound(kind, ref.name);
  exchange.sendJson(200, objectJson(kind, object, representationOf(exchange), tableOptions(deps, exchange)));
}

type Page<K extends KindName> = { readonly objects: readonly KindMap[K][]; readonly revision: number };

export async function listObjects<K extends KindName>(
  deps: ReadDeps,
  exchange: Exchange,
  kind: Kind<K>,
  scope: { readonly namespace?: string },
): Promise<void> {
  const selection = selectionOf(kind, exchange, scope);
  const limit = limitOf(exchange);
  const token = exchange.query('continue');
  const from = token ? parseToken(token) : undefined;
  const page =
    from === undefined
      ? await currentPage(deps, exchange, kind, selection)
      : await furtherPage(deps, exchange, kind, { selection, from });
  const keyed = page.objects
    .map(object => ({ object, key: refKey(object.metadata) }))
    .filter(({ key }) => from === undefined || key > from.after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const taken = limit > 0 ? keyed.slice(0, limit) : keyed;
  const remaining = keyed.length - taken.length;
  const last = taken.at(-1);
  const listMeta = {
    resourceVersion: String(page.revision),
    ...(remaining > 0 && last !== undefined
      ? { continue: formatToken(page.revision, last.key), remainingItemCount: remaining }
      : {}),
  };
  const objects = taken.map(({ object }) => object);
  exchange.sendJson(
    200,
    listJson(kind, objects, listMeta, representationOf(exchange), tableOptions(deps, exchange)),
  );
}

/** The rest of a list, as it stood at its first page; as it is now for who goes on after that has been forgotten. */
async function furtherPage<K extends KindName>(
  deps: ReadDeps,
  exchange: Exchange,
  kind: Kind<K>,
  { selection, from }: { readonly selection: Selection<K>; readonly from: Token },
): Promise<Page<K>> {
  if (from.revision === NOW) {
    await catchUp(deps, exchange);
    return pageOf(deps, kind, selection);
  }
  try {
    return await snapshot(deps, kind, selection, from.revision);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    throw new ApiError(
      'Expired',
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      {},
      { cause: error, continueToken: formatToken(NOW, from.after) },
    );
  }
}

function pageOf<K extends KindName>(deps: ReadDeps, kind: Kind<K>, selection: Selection<K>): Page<K> {
  const { cache } = deps;
  const kept = cache.list(kind.id, selection.namespace);
  const all = kind.id === 'Lease' ? [...kept, ...nodeLeases(deps, kind, selection.namespace)] : kept;
  return { objects: all.filter(object => selection.matches(object)), revision: cache.revision };
}

async function currentPage<K extends KindName>(
  deps: ReadDeps,
  exchange: Exchange,
  kind: Kind<K>,
  selection: Selection<K>,
): Promise<Page<K>> {
  const wanted = exchange.query('resourceVersion') ?? '';
  const match = exchange.query('resourceVersionMatch');
  if (!/^\d*$/.test(wanted))
    throw new ApiError('BadRequest', `resourceVersion: Invalid value: ${JSON.stringify(wanted)}`);
  if (match !== undefined && wanted === '')
    throw new ApiError('Invalid', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match === 'Exact') {
    await reachRevision(deps.cache, exchange, Number(wanted));
    return exactPage(deps, kind, selection, Number(wanted));
  }
  if (wanted === '') await catchUp(deps, exchange);
  else await reachRevision(deps.cache, exchange, Number(wanted));
  return pageOf(deps, kind, selection);
}

/** Waits a little for a revision from the future: a client may have heard of it from elsewhere. */
export async function reachRevision(cache: ObjectCache, exchange: Exchange, revision: number): Promise<void> {
  const patience = deadlineAfter(FUTURE_REVISION_WAIT_MS, exchange.signal);
  try {
    await cache.waitFor(revision, patience.signal);
  } catch (error) {
    if (!patience.isOver()) throw error;
    throw new ApiError('Timeout', `Too large resource version: ${revision}, current: ${cache.revision}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    });
  } finally {
    patience.cancel();
  }
}

async function exactPage<K extends KindName>(
  deps: ReadDeps,
  kind: Kind<K>,
  selection: Selection<K>,
  revision: number,
): Promise<Page<K>> {
  try {
    return await snapshot(deps, kind, selection, revision);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    const why = 'The resourceVersion for the provided list is too old.';
    throw new ApiError('Expired', why, {}, { cause: error });
  }
}

/** All selected objects as they stood at a revision. Throws CompactedError when that is no longer kept. */
async function snapshot<K extends KindName>(
  { store, kinds }: ReadDeps,
  kind: Kind<K>,
  selection: Selection<K>,
  revision: number,
): Promise<Page<K>> {
  const prefix =
    kindPrefix(kinds.get(kind.id)) + (selection.namespace === undefined ? '' : `${selection.namespace}/`);
  const { entries } = await store.list({ prefix, revision });
  const objects = entries.map(entry => withRevision<KindMap[K]>(entry.value, entry.revision));
  return { objects: objects.filter(object => selection.matches(object)), revision };
}

function limitOf(exchange: Exchange): number {
  const limit = Number(exchange.query('limit') ?? '0');
  if (!Number.isSafeInteger(limit) || limit < 0)
    throw new ApiError('BadRequest', `limit: Invalid value: ${JSON.stringify(exchange.query('limit'))}`);
  return limit;
}

/** In place of a revision that is forgotten. */
const NOW = -1;

const TokenSchema = v.object({
  revision: v.pipe(v.number(), v.safeInteger(), v.minValue(NOW)),
  after: v.string(),
});

type Token = v.InferOutput<typeof TokenSchema>;

function formatToken(revision: number, after: string): string {
  return Buffer.from(JSON.stringify({ revision, after })).toString('base64url');
}

function parseToken(token: string): Token {
  const refusal = new ApiError('BadRequest', 'continue key is not valid');
  try {
    return v.parse(TokenSchema, JSON.parse(Buffer.from(token, 'base64url').toString('utf8')));
  } catch (error) {
    refusal.cause = error;
    throw refusal;
  }
}
