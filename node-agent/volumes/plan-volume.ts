/**
 * What must stand on the device before a container can mount a volume. Pure. Kinds of volume that are not here are an
 * error that names the volume, never an empty folder in its place.
 */
import { join } from 'node:path';
import type * as core from 'kubernetes-types/core/v1';
import { claimNameOf } from '../../shared/kubernetes/volumes.ts';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { parseBytes } from '../../shared/quantity.ts';
import type { FieldFacts } from '../sync/read-field.ts';
import { MountError, RenderError } from '../sync/render-error.ts';
import { type ProjectedFile, projectedFiles, type TokenOf } from './projected-files.ts';

export type PreparedVolume =
  /** `groupId`: the pod's fsGroup, which may then write. */
  | { readonly kind: 'directory'; readonly path: string; readonly groupId?: number }
  /** In memory, of at most that size. */
  | { readonly kind: 'memory'; readonly path: string; readonly sizeBytes: number; readonly groupId?: number }
  /** Outlives the pod. Made when it is not there, and then left as its pods leave it. */
  | {
      readonly kind: 'kept';
      readonly path: string;
      /** Of its folder. */
      readonly name: string;
      readonly groupId?: number;
      readonly readOnly: boolean;
    }
  /** `hostType` as in `hostPath.type`; empty: nothing is checked. */
  | {
      readonly kind: 'host';
      /** What the pod calls it. */
      readonly volume: string;
      readonly path: string;
      readonly hostType: string;
      readonly readOnly?: boolean;
    }
  /** `groupId`: the pod's fsGroup, which may then read. */
  | {
      readonly kind: 'projected';
      readonly path: string;
      readonly files: readonly ProjectedFile[];
      readonly groupId?: number;
    };

/** Where volumes stand, and what they are made of. */
export type VolumeFacts = Omit<FieldFacts, 'podIp'> & {
  /** Folder below which each pod has its own. */
  readonly podsFolder: string;
  /** The same in memory: what is secret never touches a card. */
  readonly memoryFolder: string;
  /** Folder of the volumes that outlive pods. */
  readonly volumesFolder: string;
  readonly tokenOf: TokenOf;
};

/** The folder of one pod below one of the agent's own. */
export function podFolder(folder: string, uid: string): string {
  return join(folder, uid);
}

/** What the volume `name` of a pod is on this device. Throws MountError when it refers to something missing, or is of an unknown kind. */
export function planVolume(document: PodDocument, name: string, facts: VolumeFacts): PreparedVolume {
  const volume = document.spec.volumes?.find(each => each.name === name);
  if (!volume) throw new RenderError(`volume "${name}" not found`);
  try {
    return preparedVolume(document, volume, facts);
  } catch (error) {
    throw error instanceof RenderError ? new MountError(name, error) : error;
  }
}

function preparedVolume(document: PodDocument, volume: core.Volume, facts: VolumeFacts): PreparedVolume {
  const { name } = volume;
  const placeIn = (folder: string) => join(podFolder(folder, document.uid), 'volumes', name);
  const groupId = document.spec.securityContext?.fsGroup;
  if (volume.hostPath)
    return { kind: 'host', volume: name, path: volume.hostPath.path, hostType: volume.hostPath.type ?? '' };
  if (volume.emptyDir?.medium === 'Memory') {
    const sizeBytes = memoryVolumeBytes(document.spec, volume.emptyDir, facts.allocatableMemoryBytes);
    return { kind: 'memory', path: placeIn(facts.memoryFolder), sizeBytes, groupId };
  }
  if (volume.emptyDir) return { kind: 'directory', path: placeIn(facts.podsFolder), groupId };
  const claim = claimNameOf(document.name, volume);
  if (claim !== undefined) return claimedVolume(document, claim, volume);
  const files = projectedFiles(document, volume, facts);
  if (files) {
    // As the kubelet has it: ConfigMaps lie on the disk, all else in memory.
    const path = placeIn(volume.configMap ? facts.podsFolder : facts.memoryFolder);
    return { kind: 'projected', path, files, groupId };
  }
  const kind = Object.keys(volume).find(key => key !== 'name') ?? 'unknown';
  throw new RenderError(
    `kind ${kind} is not supported by this node; it supports emptyDir, hostPath, persistentVolumeClaim, configMap, secret, downwardAPI and projected`,
  );
}

function claimedVolume(document: PodDocument, claim: string, volume: core.Volume): PreparedVolume {
  const found = document.claims?.[claim];
  if (found === undefined) throw new RenderError(`persistentvolumeclaim "${claim}" not found`);
  if ('error' in found) throw new RenderError(found.error);
  const readOnly = volume.persistentVolumeClaim?.readOnly === true;
  const { source, path, volume: name, hostType = '' } = found;
  if (source !== 'folder')
    return {
      ...{ kind: 'host', volume: volume.name, path, readOnly },
      hostType: source === 'local' ? 'Directory' : hostType,
    };
  return { kind: 'kept', path, name, groupId: document.spec.securityContext?.fsGroup, readOnly };
}

/** The least of its own limit, the memory that the pod may use, and what the node has. Source: the kubelet's calculateEmptyDirMemorySize. */
function memoryVolumeBytes(
  spec: core.PodSpec,
  { sizeLimit }: core.EmptyDirVolumeSource,
  allocatableBytes: number,
): number {
  const limits = spec.containers.map(({ resources }) => resources?.limits?.memory);
  const podBytes = limits.reduce<number>(
    (sum, limit) => sum + (limit === undefined ? allocatableBytes : (parseBytes(limit) ?? 0)),
    0,
  );
  const ownBytes = sizeLimit === undefined ? undefined : parseBytes(sizeLimit);
  return Math.min(allocatableBytes, podBytes || allocatableBytes, ownBytes || allocatableBytes);
}
