/** Persistent volumes and the claims on them: how they name and fit each other. Pure; the source of each rule is Kubernetes's persistentvolume controller. */
import type * as core from 'kubernetes-types/core/v1';
import { compareQuantities } from '../quantity.ts';
import { matchesNodeSelectorTerm } from './node-affinity.ts';
import type { KindMap, Node, PersistentVolumeClaim, Pod } from './objects.ts';
import { matchesLabelSelector } from './selectors.ts';

export type PersistentVolume = KindMap['PersistentVolume'];

/** Who makes volumes that are folders on a node's own disk; StorageClasses name it as their provisioner. */
export const LOCAL_PATH_PROVISIONER = 'pikelet.dev/local-path';

/** A provisioner by this name never makes anything: its class is for volumes that people make. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export const VOLUME_ANNOTATION = {
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  /** Of a claim: the node that the scheduler chose for the first pod that uses it. */
  selectedNode: 'volume.kubernetes.io/selected-node',
  /** By which the storage class was named before it had a field. */
  storageClass: 'volume.beta.kubernetes.io/storage-class',
  /** Of a Node: the folder in which its agent keeps the volumes that it makes. */
  volumesFolder: 'pikelet.dev/volumes-folder',
  /** Of a volume whose folder is to go, or is gone: see VOLUME_REMOVED and removalIn. */
  removal: 'pikelet.dev/volume-removal',
} as const;

export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
export const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';
/** Keeps a volume's object until the node has removed its folder. */
export const PROVISIONER_FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';

/** The node has removed the folder. */
export const VOLUME_REMOVED = 'done';

/** The order to remove, given under that incarnation of the master's state; one that was given before a restore is void. */
export function removalIn(incarnation: number): string {
  return `wanted-in-${incarnation}`;
}

/** The name of the storage class; empty for none. */
export function classOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[VOLUME_ANNOTATION.storageClass] ?? spec?.storageClassName ?? '';
}

/** The claim that a volume of a pod of that name stands for; undefined for a volume of another kind. */
export function claimNameOf(podName: string, volume: core.Volume): string | undefined {
  return volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${podName}-${volume.name}`);
}

/** The claims that a pod mounts, each once. */
export function claimNamesOf({ metadata, spec }: Pod): readonly string[] {
  return [...new Set((spec.volumes ?? []).flatMap(volume => claimNameOf(metadata.name, volume) ?? []))];
}

/** True when the volume is kept for this claim, or for any claim of its name. */
export function isKeptFor({ spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { namespace, name, uid } = claim.metadata;
  const ref = spec?.claimRef;
  return ref?.name === name && ref.namespace === namespace && (!ref.uid || ref.uid === uid);
}

/** The volume, kept for exactly this claim. */
export function keptFor(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { metadata, spec } = volume;
  const mark: Record<string, string> =
    spec?.claimRef === undefined ? { [VOLUME_ANNOTATION.boundByController]: 'yes' } : {};
  return {
    ...volume,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...mark } },
    spec: { ...spec, claimRef: claimRefTo(claim) },
  };
}

/** How a volume names the claim that it is kept for. */
export function claimRefTo({ metadata }: PersistentVolumeClaim): core.ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion };
}

/** True once both sides have written that they are bound. */
export function isBound(claim: PersistentVolumeClaim): boolean {
  return (
    !!claim.spec?.volumeName && claim.metadata.annotations?.[VOLUME_ANNOTATION.bindCompleted] !== undefined
  );
}

/** True when a pod on the node can reach the volume. */
export function isReachableFrom({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec?.nodeAffinity?.required;
  return (
    required === undefined || required.nodeSelectorTerms.some(term => matchesNodeSelectorTerm(term, node))
  );
}

/** Why the volume cannot serve the claim, in Kubernetes's words; undefined when it can. */
export function misfit(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const [had, wanted] = [volume.spec, claim.spec];
  if (compareQuantities(had?.capacity?.storage ?? '0', wanted?.resources?.requests?.storage ?? '0') < 0)
    return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if ((had?.volumeMode ?? 'Filesystem') !== (wanted?.volumeMode ?? 'Filesystem'))
    return 'incompatible volumeMode';
  const modes = had?.accessModes ?? [];
  return (wanted?.accessModes ?? []).every(mode => modes.includes(mode))
    ? undefined
    : 'incompatible accessMode';
}

/** The volume that is kept for the claim, or else the smallest free one that fits and, given a node, can be reached from there. */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  node?: Node,
): PersistentVolume | undefined {
  const kept = keptVolume(claim, volumes);
  if (kept !== undefined) return kept;
  return volumes
    .filter(
      volume =>
        isFree(volume) &&
        misfit(volume, claim) === undefined &&
        (claim.spec?.selector === undefined ||
          matchesLabelSelector(claim.spec.selector, volume.metadata.labels)) &&
        (node === undefined || isReachableFrom(volume, node)),
    )
    .sort(smallestFirst)[0];
}

/** The volume whose `claimRef` names the claim. */
export function keptVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
): PersistentVolume | undefined {
  return volumes.find(volume => volume.metadata.deletionTimestamp === undefined && isKeptFor(volume, claim));
}

function isFree({ metadata, spec, status }: PersistentVolume): boolean {
  return (
    metadata.deletionTimestamp === undefined && spec?.claimRef === undefined && status?.phase === 'Available'
  );
}

function smallestFirst(a: PersistentVolume, b: PersistentVolume): number {
  return (
    compareQuantities(a.spec?.capacity?.storage ?? '0', b.spec?.capacity?.storage ?? '0') ||
    (a.metadata.name < b.metadata.name ? -1 : 1)
  );
}

/** The node whose disk holds a volume that LOCAL_PATH_PROVISIONER made; undefined for every other volume. */
export function homeOf({ metadata, spec }: PersistentVolume): string | undefined {
  if (metadata.annotations?.[VOLUME_ANNOTATION.provisionedBy] !== LOCAL_PATH_PROVISIONER) return undefined;
  const [term] = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return term?.matchExpressions?.find(({ key }) => key === HOSTNAME)?.values?.[0];
}

/** What binds a volume to the node that holds it. */
export function affinityTo(node: string): core.VolumeNodeAffinity {
  const matchExpressions = [{ key: HOSTNAME, operator: 'In', values: [node] }];
  return { required: { nodeSelectorTerms: [{ matchExpressions }] } };
}

/** Agents report their node's name by it. */
const HOSTNAME = 'kubernetes.io/hostname';
