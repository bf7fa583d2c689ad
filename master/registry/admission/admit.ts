/**
 * What a cluster's own objects add to a new object, and why they may refuse it: service accounts, priority classes, limit
 * ranges, default classes, protected volumes. Pure over the view. Source: Kubernetes's admission controllers of the same names.
 */
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, KubeObject, Pod } from '../../../shared/kubernetes/objects.ts';
import { CLAIM_PROTECTION, VOLUME_PROTECTION } from '../../../shared/kubernetes/volumes.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import type { Kind } from '../kind.ts';
import { stored } from '../stored-object.ts';
import { limitFaultsOfClaim, limitFaultsOfPod, withLimitDefaults } from './limit-range.ts';
import { withPriority } from './priority.ts';
import { withServiceAccount } from './service-account.ts';

/** The object as it may be created; `suffix` makes names unique. Throws ApiError Forbidden. */
export function admit<K extends KindName>(
  kind: Kind<K>,
  object: KindMap[K],
  view: ClusterView,
  suffix: () => string,
): KindMap[K] {
  const admitted = admitById(kind.id, object, view, suffix);
  return admitted === undefined ? object : stored<K>(admitted);
}

function admitById(
  id: KindName,
  object: KubeObject,
  view: ClusterView,
  suffix: () => string,
): object | undefined {
  switch (id) {
    case 'Pod':
      return admitPod(stored<'Pod'>(object), view, suffix);
    case 'PersistentVolumeClaim':
      return withFinalizer(admitClaim(stored<'PersistentVolumeClaim'>(object), view), CLAIM_PROTECTION);
    case 'PersistentVolume':
      return withFinalizer(stored<'PersistentVolume'>(object), VOLUME_PROTECTION);
    case 'Ingress':
      return withIngressClass(stored<'Ingress'>(object), view);
    default:
      return undefined;
  }
}

export function forbiddenObject(
  { plural, group }: Pick<Kind, 'plural' | 'group'>,
  name: string,
  why: string,
): ApiError {
  const resource = group === '' ? plural : `${plural}.${group}`;
  return new ApiError('Forbidden', `${resource} ${JSON.stringify(name)} is forbidden: ${why}`, {
    name,
    kind: plural,
    ...(group === '' ? {} : { group }),
  });
}

const PODS = { plural: 'pods', group: '' } as const;
const CLAIMS = { plural: 'persistentvolumeclaims', group: '' } as const;

function admitPod(pod: Pod, view: ClusterView, suffix: () => string): Pod {
  const { namespace, name } = pod.metadata;
  const refuse = (why: string) => forbiddenObject(PODS, name, why);
  const ranges = view.list('LimitRange', namespace);
  const admitted = withPriority(
    withServiceAccount(withLimitDefaults(pod, ranges), view, refuse, suffix),
    view,
    refuse,
  );
  refuseAll(limitFaultsOfPod(admitted, ranges), refuse);
  return admitted;
}

function refuseAll(faults: readonly string[], refuse: (why: string) => ApiError): void {
  if (faults.length === 1) throw refuse(faults.join());
  if (faults.length > 1) throw refuse(`[${faults.join(', ')}]`);
}

function admitClaim(claim: KindMap['PersistentVolumeClaim'], view: ClusterView) {
  const { namespace, name } = claim.metadata;
  const refuse = (why: string) => forbiddenObject(CLAIMS, name, why);
  refuseAll(limitFaultsOfClaim(claim, view.list('LimitRange', namespace)), refuse);
  if (claim.spec?.storageClassName !== undefined) return claim;
  const storageClassName = defaultClassName(view.list('StorageClass'), 'storageclass.kubernetes.io');
  return storageClassName === undefined ? claim : { ...claim, spec: { ...claim.spec, storageClassName } };
}

/** What must not go while something holds on to it. */
function withFinalizer<T extends KubeObject>(object: T, finalizer: string): T {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(finalizer)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
}

function withIngressClass(ingress: KindMap['Ingress'], view: ClusterView): KindMap['Ingress'] {
  const { annotations } = ingress.metadata;
  if (
    ingress.spec?.ingressClassName !== undefined ||
    annotations?.['kubernetes.io/ingress.class'] !== undefined
  )
    return ingress;
  const ingressClassName = defaultClassName(view.list('IngressClass'), 'ingressclass.kubernetes.io');
  return ingressClassName === undefined
    ? ingress
    : { ...ingress, spec: { ...ingress.spec, ingressClassName } };
}

/** The class marked as the default; of several the newest, as Kubernetes chooses. */
function defaultClassName(classes: readonly KubeObject[], prefix: string): string | undefined {
  return classes
    .filter(({ metadata }) => metadata.annotations?.[`${prefix}/is-default-class`] === 'true')
    .map(({ metadata }) => metadata)
    .sort((a, b) => b.creationTimestamp.localeCompare(a.creationTimestamp) || a.name.localeCompare(b.name))[0]
    ?.name;
}
