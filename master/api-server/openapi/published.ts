/** What one OpenAPI document is about: types, and the paths that take and answer them. Pure. */
import type { Kind } from '../../registry/kind.ts';
import type { DecodedType } from '../decode-body.ts';
import { REVIEWS, type Review } from '../reviews.ts';
import type { Described } from './definitions.ts';
import { type Path, pathOfReview, pathsOf } from './operations.ts';
import { subresourcePaths, typesBelow } from './subresource-paths.ts';

export type Published = Described & { readonly paths: readonly Path[] };

function publish(kinds: readonly Kind[], reviews: readonly Review[]): Published {
  return {
    listed: kinds,
    types: [...kinds, ...reviews, ...typesBelow(kinds)],
    paths: [
      ...kinds.flatMap(kind => [...pathsOf(kind), ...subresourcePaths(kind)]),
      ...reviews.map(pathOfReview),
    ],
  };
}

/** What each document is about, by the path of its group and version, such as `api/v1` and `apis/apps/v1`. */
export function publishEach(kinds: readonly Kind[]): ReadonlyMap<string, () => Published> {
  const paths = new Set([...kinds, ...REVIEWS].map(documentPath));
  const isAt = (path: string) => (type: DecodedType) => documentPath(type) === path;
  return new Map(
    [...paths].map(path => [path, () => publish(kinds.filter(isAt(path)), REVIEWS.filter(isAt(path)))]),
  );
}

/** What the one document of version 2 is about. */
export function publishAll(kinds: readonly Kind[]): Published {
  return publish(kinds, REVIEWS);
}

function documentPath({ group, version }: DecodedType): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}
