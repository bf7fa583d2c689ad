/**
 * The phase of a volume, what becomes of it once its claim is gone, and its finalizers. Pure; one write at a time for each
 * volume. Source: Kubernetes's persistentvolume-controller, pv-protection-controller and external provisioners.
 */
import type { PersistentVolumeClaim } from '../../../shared/kubernetes/objects.ts';
import {
  homeOf,
  isKeptFor,
  type PersistentVolume,
  PROVISIONER_FINALIZER,
  removalIn,
  VOLUME_ANNOTATION,
  VOLUME_PROTECTION,
  VOLUME_REMOVED,
} from '../../../shared/kubernetes/volumes.ts';
import { subjectOf } from '../../events/event.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { deleteOf } from '../actions.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';

/** `incarnation` of the master's state: a removal that was ordered before a restore is not carried out. */
export function persistentVolumeController(incarnation: number): Controller<'PersistentVolume'> {
  return {
    name: 'persistentvolume-controller',
    of: 'PersistentVolume',
    wakes: {
      PersistentVolumeClaim: ({ metadata, spec }, view) =>
        view
          .list('PersistentVolume')
          .filter(
            volume =>
              volume.metadata.name === spec?.volumeName ||
              (volume.spec?.claimRef?.name === metadata.name &&
                volume.spec.claimRef.namespace === metadata.namespace),
          )
          .map(volume => ({ name: volume.metadata.name })),
      Node: ({ metadata }, view) =>
        view
          .list('PersistentVolume')
          .filter(volume => homeOf(volume) === metadata.name)
          .map(volume => ({ name: volume.metadata.name })),
    },
    plan: input => planVolume(input, incarnation),
  };
}

function planVolume({ view, ref }: PlanInput, incarnation: number): Plan {
  const volume = view.get('PersistentVolume', ref);
  if (volume === undefined) return { actions: [] };
  if (isKeptInVain(volume, view))
    return { actions: [{ kind: 'update', of: 'PersistentVolume', object: unkept(volume) }] };
  const phase = phaseOf(volume, view);
  if (phase !== volume.status?.phase && !(phase === 'Released' && volume.status?.phase === 'Failed')) {
    const object = { ...volume, status: { phase } };
    return { actions: [{ kind: 'updateStatus', of: 'PersistentVolume', object }] };
  }
  const removal = removalOf(volume, { phase, incarnation, view });
  const next = withRemoval(withFinalizers(volume, phase, removal), removal);
  if (next !== volume) return { actions: [{ kind: 'update', of: 'PersistentVolume', object: next }] };
  return { actions: reclaim(volume, { phase, removal, incarnation }) };
}

/** A free volume was chosen for a claim that was then bound to another. */
function isKeptInVain(volume: PersistentVolume, view: ClusterView): boolean {
  if (volume.metadata.annotations?.[VOLUME_ANNOTATION.boundByController] === undefined) return false;
  const bound = claimOf(volume, view)?.spec?.volumeName;
  return !!bound && bound !== volume.metadata.name;
}

function unkept({ metadata, spec, ...rest }: PersistentVolume): PersistentVolume {
  const { [VOLUME_ANNOTATION.boundByController]: _, ...annotations } = metadata.annotations ?? {};
  return { ...rest, metadata: { ...metadata, annotations }, spec: { ...spec, claimRef: undefined } };
}

/** The very claim that the volume is kept for; undefined once that one is gone. */
function claimOf(volume: PersistentVolume, view: ClusterView): PersistentVolumeClaim | undefined {
  const { name = '', namespace } = volume.spec?.claimRef ?? {};
  const claim = view.get('PersistentVolumeClaim', { namespace, name });
  return claim && isKeptFor(volume, claim) ? claim : undefined;
}

type Phase = 'Pending' | 'Available' | 'Bound' | 'Released';

function phaseOf(volume: PersistentVolume, view: ClusterView): Phase {
  if (!volume.spec?.claimRef?.uid) return 'Available';
  const claim = claimOf(volume, view);
  if (claim === undefined) return 'Released';
  const bound = claim.spec?.volumeName;
  if (bound === volume.metadata.name) return 'Bound';
  // The claim is bound to another volume: this one was made for it in vain.
  if (bound) return 'Released';
  return volume.status?.phase === 'Available' ? 'Available' : 'Pending';
}

/** Whether the folder of a volume that is ours is to go, as the annotation says it; undefined when it is to stay. */
function removalOf(
  volume: PersistentVolume,
  now: { readonly phase: Phase; readonly incarnation: number; readonly view: ClusterView },
): string | undefined {
  const home = homeOf(volume);
  const said = volume.metadata.annotations?.[VOLUME_ANNOTATION.removal];
  if (home === undefined || said === VOLUME_REMOVED) return said;
  const isLeft =
    now.phase === 'Released' || (now.phase !== 'Bound' && volume.metadata.deletionTimestamp !== undefined);
  if (!isLeft || volume.spec?.persistentVolumeReclaimPolicy !== 'Delete') return undefined;
  // Nobody is left who could remove it, nor to whom it could matter.
  if (now.view.get('Node', { name: home }) === undefined) return VOLUME_REMOVED;
  // Somebody may have saved the data after the backup was made that this order comes from.
  return said ?? removalIn(now.incarnation);
}

function withRemoval(volume: PersistentVolume, removal: string | undefined): PersistentVolume {
  const { [VOLUME_ANNOTATION.removal]: said, ...others } = volume.metadata.annotations ?? {};
  if (said === removal) return volume;
  const annotations = removal === undefined ? others : { ...others, [VOLUME_ANNOTATION.removal]: removal };
  return { ...volume, metadata: { ...volume.metadata, annotations } };
}

function withFinalizers(
  volume: PersistentVolume,
  phase: Phase,
  removal: string | undefined,
): PersistentVolume {
  const { finalizers = [], deletionTimestamp } = volume.metadata;
  const wanted = new Set(finalizers);
  if (deletionTimestamp === undefined) wanted.add(VOLUME_PROTECTION);
  else if (phase !== 'Bound') wanted.delete(VOLUME_PROTECTION);
  const isOurs = homeOf(volume) !== undefined;
  const isFolderKept = removal === VOLUME_REMOVED || volume.spec?.persistentVolumeReclaimPolicy !== 'Delete';
  if (isOurs && isFolderKept) wanted.delete(PROVISIONER_FINALIZER);
  else if (isOurs && deletionTimestamp === undefined) wanted.add(PROVISIONER_FINALIZER);
  if (wanted.size === finalizers.length && finalizers.every(each => wanted.has(each))) return volume;
  return { ...volume, metadata: { ...volume.metadata, finalizers: [...wanted] } };
}

function reclaim(
  volume: PersistentVolume,
  { phase, removal, incarnation }: { phase: Phase; removal: string | undefined; incarnation: number },
): Action[] {
  const { deletionTimestamp, annotations } = volume.metadata;
  if (removal === VOLUME_REMOVED)
    return deletionTimestamp === undefined ? [deleteOf('PersistentVolume', volume)] : [];
  if (removal !== undefined)
    return removal === removalIn(incarnation)
      ? []
      : [
          failed(
            volume,
            `the master's state was restored from a backup after this volume was released: its folder is kept; remove it on node "${homeOf(volume)}" if nobody needs it, then set persistentVolumeReclaimPolicy to Retain and delete this object`,
          ),
        ];
  const policy = volume.spec?.persistentVolumeReclaimPolicy;
  const isForeign = annotations?.[VOLUME_ANNOTATION.provisionedBy] !== undefined;
  if (phase !== 'Released' || policy === 'Retain' || isForeign || deletionTimestamp !== undefined) return [];
  if (volume.status?.phase === 'Failed') return [];
  const message =
    policy === 'Recycle'
      ? 'No recycler plugin found for the volume!'
      : `error getting deleter volume plugin for volume "${volume.metadata.name}": no volume plugin matched`;
  const object = { ...volume, status: { phase: 'Failed', message } };
  return [{ kind: 'updateStatus', of: 'PersistentVolume', object }, failed(volume, message)];
}

function failed(volume: PersistentVolume, message: string): Action {
  const reason =
    volume.spec?.persistentVolumeReclaimPolicy === 'Recycle' ? 'VolumeFailedRecycle' : 'VolumeFailedDelete';
  return { kind: 'event', about: subjectOf('PersistentVolume', volume), type: 'Warning', reason, message };
}
