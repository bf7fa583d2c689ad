/** What a pod may keep on the device's disk, and whether it keeps more. Pure. The words are the kubelet's. */
import { allContainers } from '../../shared/kubernetes/pod-containers.ts';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { formatBytes, parseBytes } from '../../shared/quantity.ts';

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

/** Bytes on the disk, by name: of the pod's volumes, and of what its containers wrote into their own layers. */
export type PodDiskUsage = {
  readonly volumes: ReadonlyMap<string, number>;
  readonly containers: ReadonlyMap<string, number>;
};

/** Of all that the pod keeps. */
export function podDiskBytes({ volumes, containers }: PodDiskUsage): number {
  return [...volumes.values(), ...containers.values()].reduce((total, bytes) => total + bytes, 0);
}

/** Why the pod must go; undefined when it keeps to its limits. */
export function exceededLimit(document: PodDocument, used: PodDiskUsage): string | undefined {
  for (const { name, emptyDir } of document.spec.volumes ?? []) {
    const limit = emptyDir?.medium === 'Memory' ? undefined : emptyDir?.sizeLimit;
    const limitBytes = parseBytes(limit ?? '0') ?? 0;
    if (limitBytes > 0 && (used.volumes.get(name) ?? 0) > limitBytes)
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". `;
  }
  const podBytes = podLimitBytes(document);
  if (podBytes !== undefined && podDiskBytes(used) > podBytes)
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${formatBytes(podBytes)}. `;
  for (const { name, resources } of allContainers(document.spec)) {
    const limit = resources?.limits?.['ephemeral-storage'];
    if (limit !== undefined && (used.containers.get(name) ?? 0) > (parseBytes(limit) ?? 0))
      return `Container ${name} exceeded its local ephemeral storage limit "${limit}". `;
  }
}

/** The sum of its containers' limits; undefined when none of them has one. */
function podLimitBytes({ spec }: PodDocument): number | undefined {
  const limits = spec.containers.flatMap(({ resources }) => resources?.limits?.['ephemeral-storage'] ?? []);
  if (limits.length === 0) return undefined;
  return limits.reduce((sum, limit) => sum + (parseBytes(limit) ?? 0), 0);
}
