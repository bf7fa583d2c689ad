/** What the control loops see: one consistent snapshot of the cluster, read-only. */
import type { KindMap, KindName, KubeObject, ObjectRef, Pod } from '../../shared/kubernetes/objects.ts';

/** An object that names another as its owner. */
export type Dependent = { readonly kind: KindName; readonly object: KubeObject };

/**
 * Objects are shared and frozen by convention: never change one, copy it. Every answer is of one revision, as long as no
 * await lies between the questions.
 */
export interface ClusterView {
  /** The store revision that this view has seen everything up to. */
  readonly revision: number;
  get<K extends KindName>(kind: K, ref: ObjectRef): KindMap[K] | undefined;
  /** All of a kind, or of one namespace, in no promised order. */
  list<K extends KindName>(kind: K, namespace?: string): readonly KindMap[K][];
  /** Objects whose controlling owner reference carries this uid. O(answer). */
  ownedBy<K extends KindName>(kind: K, ownerUid: string): readonly KindMap[K][];
  /** Objects of any kind that name this uid among their owners. O(answer). */
  dependentsOf(ownerUid: string): readonly Dependent[];
  /** Every kind that may have objects, custom ones among them. */
  kinds(): readonly KindName[];
  /** Pods bound to a node. O(answer). */
  podsOnNode(node: string): readonly Pod[];
}

/** One change of the view, for whoever must wake up. */
export type ViewChange = {
  [K in KindName]: {
    readonly kind: K;
    /** Absent when the object was created. */
    readonly before: KindMap[K] | undefined;
    /** Absent when the object was deleted. */
    readonly after: KindMap[K] | undefined;
  };
}[KindName];

/** The live view: it moves, tells that it moved, and lets a writer wait until it has seen its own writes. */
export interface LiveView extends ClusterView {
  /** Calls back after each change, synchronously and in order; callbacks only enqueue. The returned function unsubscribes. */
  onChange(callback: (change: ViewChange) => void): () => void;
  /** Resolves once `revision` has been seen. Rejects with the signal's reason, and when nothing is followed any more. */
  waitFor(revision: number, signal?: AbortSignal): Promise<void>;
}
