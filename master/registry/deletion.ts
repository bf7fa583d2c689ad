/** What a delete does to an object: remove it, mark it, or nothing. Pure. Source: Kubernetes's rest.BeforeDelete and finalizers. */
import { isDeepStrictEqual } from 'node:util';
import type { KindMap, KindName, StoredMeta } from '../../shared/kubernetes/objects.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import type { Kind } from './kind.ts';
import type { DeleteOptions, Propagation } from './registry.ts';

export type Deletion =
  | { readonly kind: 'remove' }
  | { readonly kind: 'mark'; readonly metadata: StoredMeta }
  /** It is being deleted already, and this asks for nothing new. */
  | { readonly kind: 'none' };

const FINALIZER_OF: Readonly<Partial<Record<Propagation, string>>> = {
  Foreground: 'foregroundDeletion',
  Orphan: 'orphan',
};

export function planDeletion<K extends KindName>(
  kind: Kind<K>,
  object: KindMap[K],
  options: DeleteOptions,
  nowMs: number,
): Deletion {
  const { metadata } = object;
  const wanted = options.propagation === undefined ? undefined : FINALIZER_OF[options.propagation];
  const finalizers = [...(metadata.finalizers ?? [])];
  if (wanted !== undefined && !finalizers.includes(wanted)) finalizers.push(wanted);
  const grace = shorterGrace(kind.graceSeconds?.(object, options.gracePeriodSeconds), metadata);
  if (finalizers.length + (kind.extraFinalizers?.(object) ?? []).length === 0 && grace === undefined)
    return { kind: 'remove' };
  const seconds = grace ?? 0;
  const isKnown = metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === seconds;
  if (isKnown && isDeepStrictEqual(finalizers, metadata.finalizers ?? [])) return { kind: 'none' };
  return {
    kind: 'mark',
    metadata: {
      ...metadata,
      deletionTimestamp: isKnown ? metadata.deletionTimestamp : formatTime(nowMs + seconds * 1000),
      deletionGracePeriodSeconds: seconds,
      generation: (metadata.generation ?? 1) + (metadata.deletionTimestamp === undefined ? 1 : 0),
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
  };
}

/** A second delete may shorten the grace period of the first, never lengthen it. */
function shorterGrace(seconds: number | undefined, metadata: StoredMeta): number | undefined {
  if (seconds === undefined || metadata.deletionTimestamp === undefined) return seconds;
  return Math.min(seconds, metadata.deletionGracePeriodSeconds ?? seconds);
}
