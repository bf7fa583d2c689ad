/** Which of the volumes that are to go may go now: those that nothing on the device can still be using. Pure. */
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { PlanInput } from './draft.ts';

/** Sorted. None while the device has containers of pods of which nothing is known: any of them may mount any volume. */
export function removableVolumes({
  wanted,
  containers,
  memory,
  removeVolumes = [],
}: Pick<PlanInput, 'wanted' | 'containers' | 'memory' | 'removeVolumes'>): readonly string[] {
  const known = new Set(wanted.flatMap(({ uid, document }) => (document === undefined ? [] : [uid])));
  const isCertain =
    known.size === wanted.length && containers.every(({ labels }) => known.has(labels.podUid));
  if (!isCertain) return [];
  const used = new Set(wanted.flatMap(({ document }) => volumesOf(document)));
  return removeVolumes.filter(name => memory.volumes.has(name) && !used.has(name)).sort();
}

function volumesOf(document: PodDocument | undefined): readonly string[] {
  return Object.values(document?.claims ?? {}).flatMap(claim => ('volume' in claim ? [claim.volume] : []));
}
