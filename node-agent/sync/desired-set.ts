/**
 * What the master wants of this node: the index it sent last and the documents that go with it. Pure: each function
 * answers a new set. It never decides what to do about a pod.
 */
import type { Desired, DesiredPod, Documents, PodDocument } from '../../shared/protocol/messages.ts';
import { DOCUMENTS_AHEAD_MAX } from '../limits.ts';

export type DesiredIndex = {
  readonly cluster: string;
  readonly incarnation: number;
  readonly generation: number;
  readonly pods: readonly DesiredPod[];
};

/** `acting` is the newest document that has come for each pod of the index; it may be older than the digest in the index. */
export type DesiredSet = {
  readonly index: DesiredIndex | undefined;
  readonly documents: ReadonlyMap<string, PodDocument>;
  readonly acting: ReadonlyMap<string, { readonly digest: string; readonly document: PodDocument }>;
  /** Volumes that the master wants removed; never of a checkpoint. */
  readonly removeVolumes?: readonly string[];
};

/** A pod of the index, with the document to act on; without one, nothing is known of it but that it is wanted. */
export type WantedPod = {
  readonly uid: string;
  readonly digest?: string;
  readonly document?: PodDocument;
  readonly terminateWithinSeconds?: number;
  /** It has failed for good by this node's own word. */
  readonly ended?: boolean;
};

/** Before anything was heard or read. */
export const emptyDesiredSet: DesiredSet = { index: undefined, documents: new Map(), acting: new Map() };

export type Accepted =
  | { readonly ok: true; readonly set: DesiredSet }
  | { readonly ok: false; readonly reason: 'other-epoch' | 'other-cluster' | 'older' };

/** Takes an index unless it is for another epoch, of another cluster, or older than the one held. */
export function acceptIndex(
  set: DesiredSet,
  incoming: Desired,
  own: { readonly epoch: string; readonly cluster: string },
): Accepted {
  if (incoming.epoch !== own.epoch) return { ok: false, reason: 'other-epoch' };
  if (incoming.cluster !== own.cluster) return { ok: false, reason: 'other-cluster' };
  if (set.index && isOlder(incoming, set.index)) return { ok: false, reason: 'older' };
  const { cluster, incarnation, generation, pods, removeVolumes } = incoming;
  const index = { cluster, incarnation, generation, pods };
  const { documents, acting } = set;
  const next = { index, documents, acting, ...(removeVolumes && { removeVolumes }) };
  return { ok: true, set: settle(next, 'prune') };
}

/** Takes documents, wanted already or by an index that is still on its way. */
export function acceptDocuments(set: DesiredSet, incoming: Documents): DesiredSet {
  const documents = new Map(set.documents);
  for (const { digest, document } of incoming.documents) {
    documents.delete(digest);
    documents.set(digest, document);
  }
  const wanted = new Set(set.index?.pods.map(pod => pod.digest));
  const ahead = [...documents.keys()].filter(digest => !wanted.has(digest));
  const surplus = Math.max(0, ahead.length - DOCUMENTS_AHEAD_MAX);
  for (const digest of ahead.slice(0, surplus)) documents.delete(digest);
  return settle({ ...set, documents }, 'keep');
}

/** Digests that the index names and that have not come. */
export function missingDocuments(set: DesiredSet): readonly string[] {
  const missing = set.index?.pods.filter(pod => !set.documents.has(pod.digest)).map(pod => pod.digest);
  return [...new Set(missing)];
}

/** The pods of the index, in its order; undefined before there is an index. */
export function wantedPods(set: DesiredSet): readonly WantedPod[] | undefined {
  return set.index?.pods.map(({ uid, terminateWithinSeconds, ended }) => {
    const acting = set.acting.get(uid);
    return { uid, digest: acting?.digest, document: acting?.document, terminateWithinSeconds, ended };
  });
}

function isOlder(incoming: Desired, held: DesiredIndex): boolean {
  if (incoming.incarnation !== held.incarnation) return incoming.incarnation < held.incarnation;
  return incoming.generation < held.generation;
}

/** Chooses each pod's document; with `prune`, forgets the documents that no pod needs. */
function settle(set: DesiredSet, others: 'prune' | 'keep'): DesiredSet {
  const acting = new Map<string, { digest: string; document: PodDocument }>();
  for (const { uid, digest } of set.index?.pods ?? []) {
    const document = set.documents.get(digest);
    const held = document ? { digest, document } : set.acting.get(uid);
    if (held) acting.set(uid, held);
  }
  if (others === 'keep') return { ...set, acting };
  const wanted = new Set(set.index?.pods.map(pod => pod.digest));
  const documents = new Map([...set.documents].filter(([digest]) => wanted.has(digest)));
  return { ...set, acting, documents };
}
