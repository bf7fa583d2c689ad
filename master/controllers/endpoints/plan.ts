/** Endpoints: behind each Service with a selector, the pods that it selects, as Endpoints and as EndpointSlices. */
import { isDeepStrictEqual } from 'node:util';
import type { KindMap, ObjectRef, Pod, Service } from '../../../shared/kubernetes/objects.ts';
import { refOf } from '../../../shared/kubernetes/references.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { deleteOf } from '../actions.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { isNamespaceTerminating } from '../wakes.ts';
import { type Backend, backendsOf, byPorts, isSelectedBy, targetOf } from './backends.ts';
import { serviceOf, sliceActions } from './slices.ts';

const HEADLESS = 'service.kubernetes.io/headless';
/** Marks Endpoints that this controller made; those that people make for a Service without a selector are theirs. */
const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const CONTROLLER = 'endpoint-controller';

type Subset = NonNullable<KindMap['Endpoints']['subsets']>[number];

export const endpointsController: Controller<'Service'> = {
  name: CONTROLLER,
  of: 'Service',
  wakes: {
    Pod: selecting,
    Endpoints: object => [refOf(object)],
    EndpointSlice: object => {
      const name = serviceOf(object);
      return name === undefined ? [] : [{ namespace: object.metadata.namespace, name }];
    },
  },
  plan: planEndpoints,
};

function selecting({ metadata }: Pod, view: ClusterView): readonly ObjectRef[] {
  return view
    .list('Service', metadata.namespace)
    .filter(service => isSelectedBy(service, metadata.labels))
    .map(refOf);
}

function planEndpoints({ view, ref }: PlanInput): Plan {
  const service = view.get('Service', ref);
  const endpoints = view.get('Endpoints', ref);
  const isOurs = endpoints?.metadata.labels?.[MANAGED_BY] === CONTROLLER;
  // Slices are owned by their Service and go with it; Endpoints have no owner, as in Kubernetes.
  if (service === undefined)
    return { actions: endpoints !== undefined && isOurs ? [deleteOf('Endpoints', endpoints)] : [] };
  const hasSelector = Object.keys(service.spec.selector ?? {}).length > 0;
  if (
    !hasSelector ||
    service.spec.type === 'ExternalName' ||
    service.metadata.deletionTimestamp !== undefined
  )
    return { actions: [] };
  if (isNamespaceTerminating(view, ref.namespace)) return { actions: [] };
  const backends = backendsOf(service, view);
  const labels = {
    ...service.metadata.labels,
    ...(service.spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}),
  };
  return {
    actions: [
      ...endpointsActions(service, endpoints, backends, labels),
      ...sliceActions(service, backends, labels, view),
    ],
  };
}

function endpointsActions(
  service: Service,
  current: KindMap['Endpoints'] | undefined,
  backends: readonly Backend[],
  serviceLabels: Readonly<Record<string, string>>,
): Action[] {
  const { name, namespace } = service.metadata;
  const publishesAll = service.spec.publishNotReadyAddresses === true;
  const served = backends.filter(({ isTerminating }) => publishesAll || !isTerminating);
  const subsets = byPorts(served).map(group => subsetOf(group, publishesAll));
  const labels = { ...serviceLabels, [MANAGED_BY]: CONTROLLER };
  if (current === undefined) {
    const object = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace, labels }, subsets };
    return [{ kind: 'create', of: 'Endpoints', object }];
  }
  const isSame =
    isDeepStrictEqual(current.subsets ?? [], subsets) && isDeepStrictEqual(current.metadata.labels, labels);
  if (isSame) return [];
  const metadata = { ...current.metadata, labels };
  return [{ kind: 'update', of: 'Endpoints', object: { ...current, metadata, subsets } }];
}

function subsetOf(group: readonly Backend[], publishesAll: boolean): Subset {
  const addressesOf = (backends: readonly Backend[]) =>
    backends.map(backend => ({
      ip: backend.ip,
      ...(backend.hostname === undefined ? {} : { hostname: backend.hostname }),
      ...targetOf(backend),
    }));
  const isServed = (backend: Backend) => backend.isReady || publishesAll;
  const ready = addressesOf(group.filter(isServed));
  const notReady = addressesOf(group.filter(backend => !isServed(backend)));
  // A port without a name has none here; in a slice it is an empty one.
  const ports = (group[0]?.ports ?? []).map(({ name, ...port }) => (name === '' ? port : { name, ...port }));
  return {
    ...(ready.length === 0 ? {} : { addresses: ready }),
    ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady }),
    ...(ports.length === 0 ? {} : { ports }),
  };
}
