/** The claims that a pod mounts, as far as they bear on where it goes. Pure. Source: Kubernetes's VolumeBinding and VolumeRestrictions plugins. */
import type { KindMap, Node, PersistentVolumeClaim, Pod } from '../../shared/kubernetes/objects.ts';
import { isPodTerminal } from '../../shared/kubernetes/pod-state.ts';
import {
  claimNameOf,
  claimNamesOf,
  classOf,
  findVolume,
  isBound,
  isReachableFrom,
  NO_PROVISIONER,
  type PersistentVolume,
  VOLUME_ANNOTATION,
} from '../../shared/kubernetes/volumes.ts';
import type { ClusterView } from '../watch/cluster-view.ts';

export type PodStorage =
  /** No node will do, for this reason. */
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'wanted';
      /** Where the data is already. */
      readonly bound: readonly PersistentVolume[];
      /** To be bound once the pod has a node. */
      readonly unbound: readonly UnboundClaim[];
      /** Every volume there is. */
      readonly volumes: readonly PersistentVolume[];
    };

export type UnboundClaim = {
  readonly claim: PersistentVolumeClaim;
  /** True when a volume can be made for it on the chosen node. */
  readonly isProvisioned: boolean;
  /** The node that was chosen for it before. */
  readonly selected: string | undefined;
};

/** What must be written before the pod may be bound: a volume kept for a claim, or the node on which one is to be made. */
export type Selection = {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume | undefined;
};

/** Undefined for a pod without claims, as most are. */
export function storageOf(pod: Pod, view: ClusterView): PodStorage | undefined {
  const names = claimNamesOf(pod);
  if (names.length === 0) return undefined;
  const { namespace } = pod.metadata;
  const bound: PersistentVolume[] = [];
  const unbound: UnboundClaim[] = [];
  for (const name of names) {
    const claim = view.get('PersistentVolumeClaim', { namespace, name });
    const reason = claim === undefined ? missing(pod, name) : faultOf(pod, claim, view);
    if (claim === undefined || reason !== undefined) return { kind: 'refused', reason: reason ?? '' };
    if (isBound(claim)) {
      const volume = view.get('PersistentVolume', { name: claim.spec?.volumeName ?? '' });
      if (volume === undefined)
        return {
          kind: 'refused',
          reason: 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
        };
      bound.push(volume);
      continue;
    }
    const storageClass = view.get('StorageClass', { name: classOf(claim) });
    if (storageClass?.volumeBindingMode !== 'WaitForFirstConsumer')
      return { kind: 'refused', reason: 'pod has unbound immediate PersistentVolumeClaims' };
    unbound.push(unboundClaim(claim, storageClass));
  }
  return { kind: 'wanted', bound, unbound, volumes: view.list('PersistentVolume') };
}

function unboundClaim(claim: PersistentVolumeClaim, { provisioner }: KindMap['StorageClass']): UnboundClaim {
  const selected = claim.metadata.annotations?.[VOLUME_ANNOTATION.selectedNode];
  return { claim, isProvisioned: provisioner !== NO_PROVISIONER, selected };
}

function missing(pod: Pod, name: string): string {
  const isEphemeral = pod.spec.volumes?.some(
    volume => volume.ephemeral !== undefined && claimNameOf(pod.metadata.name, volume) === name,
  );
  return isEphemeral
    ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
    : `persistentvolumeclaim "${name}" not found`;
}

function faultOf(pod: Pod, claim: PersistentVolumeClaim, view: ClusterView): string | undefined {
  const { name, deletionTimestamp } = claim.metadata;
  if (deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
  if (claim.status?.phase === 'Lost')
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`;
  return claim.spec?.accessModes?.includes('ReadWriteOncePod') && isUsed(pod, claim, view)
    ? 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'
    : undefined;
}

function isUsed(pod: Pod, { metadata }: PersistentVolumeClaim, view: ClusterView): boolean {
  return view
    .list('Pod', metadata.namespace)
    .some(
      other =>
        other.metadata.uid !== pod.metadata.uid &&
        other.spec.nodeName &&
        !isPodTerminal(other) &&
        claimNamesOf(other).includes(metadata.name),
    );
}

/** Why the pod cannot have its volumes on the node; empty when it can. */
export function storageRefusals(storage: PodStorage, node: Node): readonly string[] {
  if (storage.kind === 'refused') return [storage.reason];
  if (storage.bound.some(volume => !isReachableFrom(volume, node)))
    return ['node(s) had volume node affinity conflict'];
  return selectionsFor(storage, node) === undefined
    ? ["node(s) didn't find available persistent volumes to bind"]
    : [];
}

/** How each unbound claim would get its volume on the node; undefined when one would not. */
export function selectionsFor(
  { unbound, volumes }: Extract<PodStorage, { kind: 'wanted' }>,
  node: Node,
): readonly Selection[] | undefined {
  const taken = new Set<PersistentVolume>();
  const selections: Selection[] = [];
  for (const { claim, isProvisioned, selected } of unbound) {
    if (selected !== undefined && selected !== node.metadata.name) return undefined;
    const left = volumes.filter(volume => !taken.has(volume));
    const volume = findVolume(claim, left, node);
    if (volume !== undefined && !isReachableFrom(volume, node)) return undefined;
    if (volume === undefined && !isProvisioned) return undefined;
    if (volume !== undefined) taken.add(volume);
    selections.push({ claim, volume });
  }
  return selections;
}
