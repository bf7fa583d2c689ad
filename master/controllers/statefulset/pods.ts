/** The pods and volume claims of a StatefulSet: each has a number, which its name, its host name and its claims carry. Pure. */
import type {
  New,
  OwnerReference,
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  StatefulSet,
} from '../../../shared/kubernetes/objects.ts';
import { controllerReference, KIND_INFO } from '../../../shared/kubernetes/references.ts';

export const REVISION_LABEL = 'controller-revision-hash';
const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';

export function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

/** The number that a pod's name carries. Undefined for a pod that is named otherwise. */
export function ordinalOf({ metadata }: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${metadata.name}-`;
  const rest = pod.metadata.name.startsWith(prefix) ? pod.metadata.name.slice(prefix.length) : '';
  return /^(0|[1-9]\d{0,8})$/.test(rest) ? Number(rest) : undefined;
}

/** The pod of that number, from the template of `revision`. */
export function newPod(
  set: StatefulSet,
  ordinal: number,
  { template, revision }: { readonly template: PodTemplateSpec; readonly revision: string },
): New<Pod> {
  const { metadata = {}, spec = { containers: [] } } = template;
  const name = podName(set, ordinal);
  const labels = {
    ...metadata.labels,
    [POD_NAME_LABEL]: name,
    [POD_INDEX_LABEL]: String(ordinal),
    [REVISION_LABEL]: revision,
  };
  const claimed = (set.spec.volumeClaimTemplates ?? []).map(claim => {
    const volume = claim.metadata?.name ?? '';
    return { name: volume, persistentVolumeClaim: { claimName: claimName(set, volume, ordinal) } };
  });
  const others = (spec.volumes ?? []).filter(volume => !claimed.some(({ name }) => name === volume.name));
  const volumes = [...claimed, ...others];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels,
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ...(metadata.finalizers === undefined ? {} : { finalizers: metadata.finalizers }),
      ownerReferences: [controllerReference('StatefulSet', set)],
    },
    spec: {
      ...spec,
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

function claimName(set: StatefulSet, volume: string, ordinal: number): string {
  return `${volume}-${podName(set, ordinal)}`;
}

/** The claims that a pod of that number mounts; they outlive the pod. */
export function claimsOf(set: StatefulSet, ordinal: number): readonly New<PersistentVolumeClaim>[] {
  const { volumeClaimTemplates = [], selector, persistentVolumeClaimRetentionPolicy } = set.spec;
  const isDeletedWithSet = persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
  return volumeClaimTemplates.map(({ metadata = {}, spec }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(set, metadata.name ?? '', ordinal),
      namespace: set.metadata.namespace,
      labels: { ...metadata.labels, ...selector.matchLabels },
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ...(isDeletedWithSet ? { ownerReferences: [plainOwner('StatefulSet', set)] } : {}),
    },
    spec,
  }));
}

/**
 * The owners that a claim should have: the set when claims go with it, the pod when they go once it is scaled away (and it is
 * being so). Undefined when it has them already.
 */
export function reownedClaim(
  set: StatefulSet,
  claim: PersistentVolumeClaim,
  { pod, isCondemned }: { readonly pod: Pod | undefined; readonly isCondemned: boolean },
): PersistentVolumeClaim | undefined {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const present = claim.metadata.ownerReferences ?? [];
  const ofOthers = present.filter(
    ({ uid, kind, name }) => uid !== set.metadata.uid && !(kind === 'Pod' && isPodName(set, name)),
  );
  const isHeldByPod = whenScaled === 'Delete' && isCondemned && pod !== undefined;
  const wanted = [
    ...ofOthers,
    ...(isHeldByPod
      ? [plainOwner('Pod', pod)]
      : whenDeleted === 'Delete'
        ? [plainOwner('StatefulSet', set)]
        : []),
  ];
  const texts = (owners: readonly OwnerReference[]) =>
    owners
      .map(({ uid }) => uid)
      .sort()
      .join();
  if (texts(wanted) === texts(present)) return undefined;
  return { ...claim, metadata: { ...claim.metadata, ownerReferences: wanted } };
}

function isPodName({ metadata }: StatefulSet, name: string): boolean {
  return name.startsWith(`${metadata.name}-`);
}

function plainOwner(kind: 'Pod' | 'StatefulSet', owner: Pod | StatefulSet): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion: KIND_INFO[kind].apiVersion, kind, name, uid };
}
