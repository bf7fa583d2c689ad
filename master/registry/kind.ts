/** The declaration of a kind: all that is particular to it, in one place. Generic code does the rest. */
import type { StatusCause } from '../../shared/kubernetes/api-error.ts';
import type { JSONSchemaProps } from '../../shared/kubernetes/custom-resources.ts';
import type { KindMap, KindName } from '../../shared/kubernetes/objects.ts';
import type { Shape } from './managed-fields/shape.ts';
import type { ClientMeta, NameRule } from './object-meta.ts';
import type { Decoded } from './schema.ts';

/** One column of `kubectl get`. Priority 1 shows only with -o wide. */
export type Column<T> = {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly priority?: number;
  readonly description?: string;
  /** Null where there is nothing to show. */
  cell(object: T, nowMs: number): string | number | boolean | null;
};

/** How a kind shows itself as an autoscaling/v1 Scale. `selector` is in label selector syntax. */
export type Scaling<T> = {
  read(object: T): { readonly wanted: number; readonly observed: number; readonly selector: string };
  write(object: T, replicas: number): T;
};

/** Reads a selectable field. A method's type, so that a table of all kinds can hold the readers of each. */
type FieldReader<T> = { read(object: T): string }['read'];

/** Subresources that are served for a kind, besides the object itself. */
export type Subresource =
  | 'status'
  | 'finalize'
  | 'scale'
  | 'binding'
  | 'ephemeralcontainers'
  | 'log'
  | 'eviction'
  | 'token'
  | 'approval'
  | 'exec'
  | 'attach'
  | 'portforward'
  | 'proxy';

/**
 * Between the version that a kind is stored in and another that it is served in. Methods, so that each may name the shapes
 * it knows; both are handed decoded objects. `apiVersion` and `kind` are set by the caller.
 */
export type Conversion = {
  toStored(object: object): object;
  fromStored(object: object): object;
};

/** What a custom kind brings along where a built-in one has the generated field tables. */
export type CustomRules = {
  /** Structural, and complete: for the OpenAPI document. */
  readonly schema: JSONSchemaProps;
  /** A copy with only known fields. Never throws. */
  decode(json: unknown): Decoded;
  /** The stored object as clients read it, with defaults that the schema has gained since; absent where it has none. */
  asRead?(object: object): object;
};

export type Kind<K extends KindName = KindName> = {
  /** By which the registry, the watch cache and the control loops know it. */
  readonly id: K;
  /** The name that clients use; not unique among custom kinds. */
  readonly kind: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Its type in the generated field tables; empty for a custom kind. */
  readonly type: string;
  /** How its fields are owned, where the field tables do not say it: for a custom kind. */
  readonly shape?: Shape;
  readonly subresources: readonly Subresource[];
  /** Deleted one by one only. */
  readonly hasNoDeleteCollection?: true;
  /** Columns after Name, which is put before them unless they hold one of their own. */
  readonly columns: readonly Column<KindMap[K]>[];
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly selectableFields: Readonly<Record<string, FieldReader<KindMap[K]>>>;
  readonly scaling?: Scaling<KindMap[K]>;
  /** Of a version that is served and not stored. Columns and selectable fields read the stored object all the same. */
  readonly conversion?: Conversion;
  /** How names of this kind are checked; DNS-1123 subdomain without. */
  readonly nameRule?: NameRule;
  /** Fills in what the user left open. Pure, idempotent. */
  defaults(object: KindMap[K]): KindMap[K];
  /**
   * Gives out what no two objects of the kind may share; writers of such a kind take turns. `others`: all but this one.
   * Throws ApiError Invalid.
   */
  allocate?(object: KindMap[K], current: KindMap[K] | undefined, others: readonly KindMap[K][]): KindMap[K];
  /** What stands in the status of a new object; undefined for none at all. An empty object without. */
  initialStatus?(object: KindMap[K]): unknown;
  /** Every fault of the object; `before` is what it replaces, undefined for a new one. Pure. */
  validate(object: KindMap[K], before?: KindMap[K]): StatusCause[];
  /** Every fault that a change of the status makes. Pure. */
  validateStatus?(next: KindMap[K], current: KindMap[K]): StatusCause[];
  /** Every forbidden change. Pure. */
  validateUpdate?(next: KindMap[K], current: KindMap[K]): StatusCause[];
  /** Seconds a deleted object may live on until its node has let go of it; undefined: it goes at once. */
  graceSeconds?(object: KindMap[K], wanted: number | undefined): number | undefined;
  /** Finalizers that live outside metadata (a namespace's). */
  extraFinalizers?(object: KindMap[K]): readonly string[];
  /** What a client should hear about the object, though it is accepted; shown by kubectl. */
  warnings?(object: KindMap[K]): readonly string[];
  /** What a write of the status takes of the metadata along; all of it without. Source: PrepareForUpdate of Kubernetes's strategies. */
  readonly metadataWithStatus?: readonly ClientMeta[];
  readonly custom?: CustomRules;
};

/** apiVersion of a kind: `v1`, `apps/v1`. */
export function apiVersionOf(kind: Pick<Kind, 'group' | 'version'>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}
