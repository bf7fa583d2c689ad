/**
 * How patches and ownership treat the lists, maps and structs of the built-in kinds: what Kubernetes marks its types with, and
 * publishes in OpenAPI as x-kubernetes-list-type, -patch-strategy and the like. Made by deploy/generate-markers.mjs.
 * Patches and ownership do not always tell elements apart by the same keys: ports are one by number, or by number and protocol.
 */
import table from './markers.json' with { type: 'json' };

type FieldMarkers = {
  readonly listType?: string;
  readonly listMapKeys?: readonly { readonly name: string; readonly default?: string }[];
  readonly mapType?: string;
  readonly patchStrategy?: readonly string[];
  readonly patchMergeKey?: string;
};
type TypeMarkers = {
  readonly isAtomic?: boolean;
  readonly embedded?: readonly string[];
  readonly kept?: readonly string[];
  readonly fields?: Readonly<Record<string, FieldMarkers>>;
};

const MARKERS: ReadonlyMap<string, TypeMarkers> = new Map(Object.entries<TypeMarkers>(table));
const NONE: ReadonlySet<string> = new Set();

function markersOf(type: string, field: string): FieldMarkers {
  const fields = MARKERS.get(type)?.fields;
  return fields !== undefined && Object.hasOwn(fields, field) ? (fields[field] ?? {}) : {};
}

export type ListType =
  | { readonly kind: 'atomic' }
  | { readonly kind: 'set' }
  | {
      readonly kind: 'map';
      /** With what an element counts as having when it leaves the key out. */
      readonly keys: readonly { readonly name: string; readonly default?: string }[];
    };

/** How the list in this field of a type is owned. */
export function listType(type: string, field: string): ListType {
  const { listType: kind, listMapKeys: keys = [] } = markersOf(type, field);
  if (kind === 'map') return { kind, keys };
  return { kind: kind === 'set' ? kind : 'atomic' };
}

/** True for a struct that is owned whole wherever no field says otherwise. */
export function isAtomicStruct(type: string): boolean {
  return MARKERS.get(type)?.isAtomic ?? false;
}

/** How a map or struct in this field is owned, when the field says so itself. */
export function fieldMapType(type: string, field: string): 'atomic' | 'granular' | undefined {
  const { mapType } = markersOf(type, field);
  return mapType === 'atomic' || mapType === 'granular' ? mapType : undefined;
}

/** Fields that Go's types hold as values, not as pointers, so that Kubernetes never tells their absence from emptiness. */
export function embeddedFields(type: string): ReadonlySet<string> {
  const embedded = MARKERS.get(type)?.embedded;
  return embedded === undefined ? NONE : new Set(embedded);
}

/** True for a list or map that is shown when it is empty; all others then count as absent. */
export function isKeptEmpty(type: string, field: string): boolean {
  return MARKERS.get(type)?.kept?.includes(field) ?? false;
}

export type ListStrategy =
  | { readonly kind: 'byKey'; readonly key: string }
  | { readonly kind: 'set' }
  | { readonly kind: 'replace' };

/** What a strategic merge patch does to the list in this field: `key` is the member by which elements are the same one. */
export function listStrategy(type: string, field: string): ListStrategy {
  const { patchMergeKey: key } = markersOf(type, field);
  if (!patchStrategies(type, field).includes('merge')) return { kind: 'replace' };
  return key === undefined ? { kind: 'set' } : { kind: 'byKey', key };
}

/** What Kubernetes says of strategic merge patches to this field: merge, replace (a struct too), retainKeys. */
export function patchStrategies(type: string, field: string): readonly string[] {
  return markersOf(type, field).patchStrategy ?? [];
}
