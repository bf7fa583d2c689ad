/** What a pod may keep on the device's disk, and whether it keeps more. Pure. The words are the kubelet's. */
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { parseBytes } from '../../shared/quantity.ts';

/** Names of the emptyDirs that lie on the disk. */
export function diskVolumesOf({ spec }: PodDocument): readonly string[] {
  return (spec.volumes ?? [])
    .filter(({ emptyDir }) => emptyDir !== undefined && emptyDir.medium !== 'Memory')
    .map(({ name }) => name);
}

/** True when it says how much it may keep: only such pods are measured while the disk has room. */
export function hasDiskLimit(document: PodDocument): boolean {
  return (
    podLimitBytes(document) !== undefined ||
    (document.spec.volumes ?? []).some(
      ({ emptyDir }) => emptyDir?.medium !== 'Memory' && (parseBytes(emptyDir?.sizeLimit ?? '0') ?? 0) > 0,
    )
  );
}

/** Why the pod must go; undefined when it keeps to its limits. `usedBytes` by the name of the volume. */
export function exceededLimit(
  document: PodDocument,
  usedBytes: ReadonlyMap<string, number>,
): string | undefined {
  for (const { name, emptyDir } of document.spec.volumes ?? []) {
    const limit = emptyDir?.medium === 'Memory' ? undefined : emptyDir?.sizeLimit;
    const limitBytes = parseBytes(limit ?? '0') ?? 0;
    if (limitBytes > 0 && (usedBytes.get(name) ?? 0) > limitBytes)
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". `;
  }
  const podBytes = podLimitBytes(document);
  const sum = [...usedBytes.values()].reduce((total, bytes) => total + bytes, 0);
  return podBytes !== undefined && sum > podBytes
    ? `Pod ephemeral local storage usage exceeds the total limit of containers ${podBytes}. `
    : undefined;
}

/** The sum of its containers' limits; undefined when one of them has none. */
function podLimitBytes({ spec }: PodDocument): number | undefined {
  const limits = spec.containers.map(({ resources }) => resources?.limits?.['ephemeral-storage']);
  if (limits.some(limit => limit === undefined)) return undefined;
  return limits.reduce((sum, limit) => sum + (parseBytes(limit ?? '0') ?? 0), 0);
}
