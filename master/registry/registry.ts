/** The only writer of the store, as everybody else sees it. Every write is a compare-and-set and answers what it stored. */
import type { KindMap, KindName, New, ObjectRef } from '../../shared/kubernetes/objects.ts';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export type DeleteOptions = {
  /** Refused with Conflict when the object is another one by now. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** 0 removes a pod at once, without hearing from its node. */
  readonly gracePeriodSeconds?: number;
  readonly propagation?: Propagation;
};

/** What an update changes: the object without its status, or the status alone. */
export type Part = 'object' | 'status';

/** Who owns what a write changes. `given`: the written object says itself who owns it, as after a server-side apply. */
export type Ownership =
  | { readonly manager: string; readonly subresource?: 'scale' | 'ephemeralcontainers' }
  | 'given';

/**
 * All methods throw ApiError: NotFound, AlreadyExists, Conflict (lost compare-and-set), Invalid (with every faulty field).
 * `status` is written by updateStatus alone, all else by create and update.
 */
export interface Registry {
  create<K extends KindName>(kind: K, object: New<KindMap[K]>): Promise<KindMap[K]>;
  /** Replaces all but the status. Compares with `object.metadata.resourceVersion`. */
  update<K extends KindName>(kind: K, object: KindMap[K]): Promise<KindMap[K]>;
  /** Replaces the status (and, for a node or pod, nothing else). Compares with `object.metadata.resourceVersion`. */
  updateStatus<K extends KindName>(kind: K, object: KindMap[K]): Promise<KindMap[K]>;
  /**
   * Deletes; with finalizers or a grace period it only marks the object. Answers the object as it stood last, and the
   * revision of the write in its `metadata.resourceVersion`.
   */
  delete<K extends KindName>(kind: K, ref: ObjectRef, options?: DeleteOptions): Promise<KindMap[K]>;
  /** Binds a pod to a node, once. Throws Conflict when it is bound or being deleted. */
  bind(pod: ObjectRef & { readonly uid: string }, node: string): Promise<void>;
}
