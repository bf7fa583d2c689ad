/** Reading objects: lists page by page, with their kind filled in, and single ones. */

import { isRecord } from '../shared/is-record.ts';
import type { ApiClient } from './connection/api-client.ts';
import { type JsonObject, listAt, textAt } from './json.ts';
import { apiVersionOf, collectionPath, type Kind, objectPath } from './kinds/kind.ts';
import { LIST_CHUNK } from './limits.ts';

export type ListQuery = {
  /** All namespaces without. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
};

export type ObjectList = { readonly items: readonly JsonObject[]; readonly resourceVersion: string };

/** Every object that the selectors let through. The revision is the one of the first page, as of which all pages are. */
export async function listObjects(
  api: ApiClient,
  kind: Kind,
  { namespace, ...selectors }: ListQuery,
  signal?: AbortSignal,
): Promise<ObjectList> {
  const items: JsonObject[] = [];
  let resourceVersion: string | undefined;
  let token: string | undefined;
  do {
    const query = { ...selectors, limit: LIST_CHUNK, continue: token };
    const page = await api.send({ path: collectionPath(kind, namespace), query }, signal);
    for (const item of listAt(page, 'items'))
      if (isRecord(item)) items.push({ apiVersion: apiVersionOf(kind), kind: kind.kind, ...item });
    resourceVersion ??= textAt(page, 'metadata', 'resourceVersion');
    token = textAt(page, 'metadata', 'continue') || undefined;
  } while (token !== undefined);
  return { items, resourceVersion: resourceVersion ?? '' };
}

/** One object. Throws StatusError NotFound when it is not there. */
export async function getObject(
  api: ApiClient,
  kind: Kind,
  ref: { readonly namespace?: string; readonly name: string },
  signal?: AbortSignal,
): Promise<JsonObject> {
  const object = await api.send({ path: objectPath(kind, ref) }, signal);
  return isRecord(object) ? object : {};
}

/** The selector that an object of this name alone passes, joined to another one. */
export function withName(fieldSelector: string | undefined, name: string): string {
  return [fieldSelector, `metadata.name=${name}`].filter(Boolean).join(',');
}
