/**
 * Binds claims to volumes, has volumes made for them, and keeps claims that pods use from going. Pure; one write at a time
 * for each claim, so that a master that dies between two of them goes on where it was. Source: Kubernetes's
 * persistentvolume-controller and pvc-protection-controller.
 */
import type { ObjectRef, PersistentVolumeClaim, Pod } from '../../../shared/kubernetes/objects.ts';
import { refOf } from '../../../shared/kubernetes/references.ts';
import {
  CLAIM_PROTECTION,
  claimNamesOf,
  classOf,
  findVolume,
  isKeptFor,
  keptFor,
  keptVolume,
  misfit,
  type PersistentVolume,
  VOLUME_ANNOTATION,
} from '../../../shared/kubernetes/volumes.ts';
import { subjectOf } from '../../events/event.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { provision } from './provision.ts';

export const persistentVolumeClaimController: Controller<'PersistentVolumeClaim'> = {
  name: 'persistentvolume-controller',
  of: 'PersistentVolumeClaim',
  wakes: {
    PersistentVolume: wokenByVolume,
    StorageClass: ({ metadata }, view) =>
      unboundClaims(view)
        .filter(claim => classOf(claim) === metadata.name)
        .map(refOf),
    Pod: pod => claimNamesOf(pod).map(name => ({ namespace: pod.metadata.namespace, name })),
    Node: ({ metadata }, view) =>
      unboundClaims(view)
        .filter(claim => claim.metadata.annotations?.[VOLUME_ANNOTATION.selectedNode] === metadata.name)
        .map(refOf),
  },
  plan: planClaim,
};

/** A volume that nobody holds may be what any waiting claim waits for. */
function wokenByVolume({ spec }: PersistentVolume, view: ClusterView): readonly ObjectRef[] {
  const { namespace, name } = spec?.claimRef ?? {};
  return name ? [{ namespace, name }] : unboundClaims(view).map(refOf);
}

function unboundClaims(view: ClusterView): readonly PersistentVolumeClaim[] {
  return view.list('PersistentVolumeClaim').filter(({ status }) => status?.phase !== 'Bound');
}

function planClaim({ view, ref }: PlanInput): Plan {
  const claim = view.get('PersistentVolumeClaim', ref);
  if (claim === undefined) return { actions: [] };
  return { actions: protection(claim, view) ?? binding(claim, view) };
}

/** The finalizer goes when a deleted claim has no pod on a node any more; until then nothing else is done for it. */
function protection(claim: PersistentVolumeClaim, view: ClusterView): Action[] | undefined {
  const { finalizers = [], deletionTimestamp } = claim.metadata;
  const isProtected = finalizers.includes(CLAIM_PROTECTION);
  if (deletionTimestamp === undefined)
    return isProtected ? undefined : [finalized(claim, [...finalizers, CLAIM_PROTECTION])];
  if (!isProtected || usersOf(claim, view).some(({ spec }) => spec.nodeName)) return [];
  return [
    finalized(
      claim,
      finalizers.filter(each => each !== CLAIM_PROTECTION),
    ),
  ];
}

function finalized(claim: PersistentVolumeClaim, finalizers: string[]): Action {
  const object = { ...claim, metadata: { ...claim.metadata, finalizers } };
  return { kind: 'update', of: 'PersistentVolumeClaim', object };
}

function usersOf({ metadata }: PersistentVolumeClaim, view: ClusterView): readonly Pod[] {
  return view.list('Pod', metadata.namespace).filter(pod => claimNamesOf(pod).includes(metadata.name));
}

function binding(claim: PersistentVolumeClaim, view: ClusterView): Action[] {
  if (claim.metadata.annotations?.[VOLUME_ANNOTATION.bindCompleted] !== undefined) return bound(claim, view);
  const name = claim.spec?.volumeName;
  if (!name) return unbound(claim, view);
  const volume = view.get('PersistentVolume', { name });
  if (volume === undefined) return [];
  if (isKeptFor(volume, claim)) return bind(claim, volume);
  if (volume.spec?.claimRef !== undefined)
    return [warning(claim, 'FailedBinding', `volume "${name}" already bound to a different claim.`)];
  const fault = misfit(volume, claim);
  return fault === undefined
    ? bind(claim, volume)
    : [warning(claim, 'VolumeMismatch', `Cannot bind to requested volume "${name}": ${fault}`)];
}

/** A claim that has its volume, or had it. */
function bound(claim: PersistentVolumeClaim, view: ClusterView): Action[] {
  const name = claim.spec?.volumeName;
  if (!name)
    return lost(
      claim,
      'ClaimLost',
      'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
    );
  const volume = view.get('PersistentVolume', { name });
  if (volume === undefined)
    return lost(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  if (volume.spec?.claimRef === undefined || isKeptFor(volume, claim)) return bind(claim, volume);
  return lost(
    claim,
    'ClaimMisbound',
    'Two claims are bound to the same volume, this one is bound incorrectly',
  );
}

function lost(claim: PersistentVolumeClaim, reason: string, message: string): Action[] {
  if (claim.status?.phase === 'Lost') return [];
  const object = { ...claim, status: { ...claim.status, phase: 'Lost' } };
  return [{ kind: 'updateStatus', of: 'PersistentVolumeClaim', object }, warning(claim, reason, message)];
}

/** The next write of those that bind the two: the volume, then the claim, then its status. */
function bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Action[] {
  if (volume.spec?.claimRef?.uid !== claim.metadata.uid)
    return [{ kind: 'update', of: 'PersistentVolume', object: keptFor(volume, claim) }];
  const { annotations } = claim.metadata;
  const { name } = volume.metadata;
  if (claim.spec?.volumeName !== name || annotations?.[VOLUME_ANNOTATION.bindCompleted] === undefined) {
    const own: Record<string, string> =
      claim.spec?.volumeName === name ? {} : { [VOLUME_ANNOTATION.boundByController]: 'yes' };
    const marked = { ...annotations, ...own, [VOLUME_ANNOTATION.bindCompleted]: 'yes' };
    const object = {
      ...claim,
      metadata: { ...claim.metadata, annotations: marked },
      spec: { ...claim.spec, volumeName: name },
    };
    return [{ kind: 'update', of: 'PersistentVolumeClaim', object }];
  }
  return boundStatus(claim, volume);
}

function boundStatus(claim: PersistentVolumeClaim, { spec }: PersistentVolume): Action[] {
  const { phase, accessModes, capacity } = claim.status ?? {};
  const isSaid =
    phase === 'Bound' &&
    capacity?.storage === spec?.capacity?.storage &&
    accessModes?.join() === spec?.accessModes?.join();
  if (isSaid) return [];
  const status = {
    ...claim.status,
    phase: 'Bound',
    accessModes: spec?.accessModes,
    capacity: spec?.capacity,
  };
  return [{ kind: 'updateStatus', of: 'PersistentVolumeClaim', object: { ...claim, status } }];
}

function unbound(claim: PersistentVolumeClaim, view: ClusterView): Action[] {
  const className = classOf(claim);
  const storageClass = view.get('StorageClass', { name: className });
  const isDelayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const volumes = view.list('PersistentVolume');
  // Which free volume suits a claim of such a class depends on where its pod goes.
  const volume = isDelayed ? keptVolume(claim, volumes) : findVolume(claim, volumes);
  if (volume !== undefined) return bind(claim, volume);
  if (className === '')
    return [
      say(
        claim,
        'FailedBinding',
        'no persistent volumes available for this claim and no storage class is set',
      ),
    ];
  const selected = claim.metadata.annotations?.[VOLUME_ANNOTATION.selectedNode];
  if (isDelayed && selected === undefined) return [waiting(claim, view)];
  return provision({ claim, className, storageClass, selected, view });
}

function waiting(claim: PersistentVolumeClaim, view: ClusterView): Action {
  const pods = usersOf(claim, view).filter(({ spec }) => !spec.nodeName);
  const names = pods.map(({ metadata }) => metadata.name).sort();
  return names.length === 0
    ? say(claim, 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding')
    : say(claim, 'WaitForPodScheduled', `waiting for pod ${names.join(',')} to be scheduled`);
}

function say(claim: PersistentVolumeClaim, reason: string, message: string): Action {
  return { kind: 'event', about: subjectOf('PersistentVolumeClaim', claim), type: 'Normal', reason, message };
}

function warning(claim: PersistentVolumeClaim, reason: string, message: string): Action {
  return {
    kind: 'event',
    about: subjectOf('PersistentVolumeClaim', claim),
    type: 'Warning',
    reason,
    message,
  };
}
