/** Objects as they lie in the store, and as they are put together for it. */
import type { KindMap, KindName } from '../../shared/kubernetes/objects.ts';
import type { Entry } from '../store/store.ts';
import { withRevision } from '../watch/object-cache.ts';

/** The object that an entry holds; undefined for no entry. */
export function entryObject<K extends KindName>(entry: Entry | undefined): KindMap[K] | undefined {
  return entry === undefined ? undefined : withRevision<KindMap[K]>(entry.value, entry.revision);
}

/** Names the type of an object composed of parts of that type, which TypeScript cannot follow through generics. */
export function stored<K extends KindName>(object: object): KindMap[K] {
  // biome-ignore lint/suspicious/noExplicitAny: the one place where a composed object takes its kind's type
  const composed: any = object;
  return composed;
}

/** A member that only some kinds have, such as `status`. */
export function memberOf(object: object, name: string): unknown {
  return Object.entries(object).find(([key]) => key === name)?.[1];
}
