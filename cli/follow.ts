/** Keeps a picture of a list of objects: level-triggered, so that whoever reads it asks what is, not what happened. */
import type { Clock } from '../shared/clock.ts';
import { isRecord } from '../shared/is-record.ts';
import { type ListQuery, listObjects } from './api-objects.ts';
import type { ApiClient, ApiRequest } from './connection/api-client.ts';
import { StatusError, UnreachableError } from './errors.ts';
import { type JsonObject, textAt } from './json.ts';
import { collectionPath, type Kind } from './kinds/kind.ts';
import { WATCH_RETRY_MS } from './limits.ts';

/** Objects by uid. The same map each time: read it before asking for the next. */
export type Picture = ReadonlyMap<string, JsonObject>;

/**
 * Yields the picture once it is complete and after every change, until aborted. A watch that ends or breaks off is opened
 * again, from a fresh list where it must be; a list that fails throws as ApiClient.send does.
 */
export async function* followObjects(
  { api, clock, signal }: { readonly api: ApiClient; readonly clock: Clock; readonly signal: AbortSignal },
  kind: Kind,
  query: ListQuery,
): AsyncGenerator<Picture> {
  const picture = new Map<string, JsonObject>();
  const { namespace, ...selectors } = query;
  while (!signal.aborted) {
    const listed = await listObjects(api, kind, query, signal);
    picture.clear();
    for (const item of listed.items) picture.set(uidOf(item), item);
    yield picture;
    let resourceVersion: string | undefined = listed.resourceVersion;
    while (resourceVersion !== undefined && !signal.aborted) {
      const request: ApiRequest = {
        path: collectionPath(kind, namespace),
        query: { ...selectors, resourceVersion, allowWatchBookmarks: true },
      };
      try {
        for await (const { type, object } of api.watch(request, signal)) {
          if (!isRecord(object)) continue;
          resourceVersion = textAt(object, 'metadata', 'resourceVersion') ?? resourceVersion;
          if (type === 'BOOKMARK') continue;
          if (type === 'DELETED') picture.delete(uidOf(object));
          else picture.set(uidOf(object), object);
          yield picture;
        }
      } catch (error) {
        if (!isPassing(error)) throw error;
        resourceVersion = undefined;
      }
      await clock.sleep(WATCH_RETRY_MS, signal);
    }
  }
}

/** A lost connection, or a revision that is no longer kept: a fresh list mends both. */
function isPassing(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof StatusError && error.code === 410);
}

function uidOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'uid') ?? textAt(object, 'metadata', 'name') ?? '';
}
