/** The EndpointSlices of a Service: what they should be, and the steps from what they are. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { KindMap, OwnerReference, Service } from '../../../shared/kubernetes/objects.ts';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { deleteOf } from '../actions.ts';
import type { Action } from '../controller.ts';
import { type Backend, byPorts, compareText, targetOf } from './backends.ts';

type Slice = KindMap['EndpointSlice'];
export type SliceContent = Pick<Slice, 'endpoints' | 'ports'>;

export const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const CONTROLLER = 'endpointslice-controller.k8s.io';
/** As Kubernetes does by default: a change rewrites one slice, not all addresses. */
const MAX_ENDPOINTS_PER_SLICE = 100;

/** The Service that a slice belongs to, if `controller` keeps it. */
export function serviceOf({ metadata }: Slice, controller = CONTROLLER): string | undefined {
  return metadata.labels?.[MANAGED_BY] === controller ? metadata.labels[SERVICE_NAME] : undefined;
}

export function sliceActions(
  service: Service,
  backends: readonly Backend[],
  labels: Readonly<Record<string, string>>,
  view: ClusterView,
): Action[] {
  const { name, namespace } = service.metadata;
  const owner = controllerReference('Service', service);
  const contents = contentsOf(service, backends);
  return stepsTo(contents, {
    name,
    namespace,
    labels,
    owner,
    controller: CONTROLLER,
    addressType: 'IPv4',
    view,
  });
}

export type SliceKeeper = {
  /** Of the Service. */
  readonly name: string;
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: OwnerReference;
  readonly controller: string;
  readonly addressType: 'IPv4' | 'IPv6';
  readonly view: ClusterView;
};

/** From the slices that there are to slices with these contents, as few writes as can be. */
export function stepsTo(
  wanted: readonly SliceContent[],
  { name, namespace, labels, owner, controller, addressType, view }: SliceKeeper,
): Action[] {
  const existing = view
    .list('EndpointSlice', namespace)
    .filter(slice => serviceOf(slice, controller) === name && slice.addressType === addressType)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .sort((a, b) => compareText(a.metadata.name, b.metadata.name));
  const sliceLabels = { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: controller };
  const steps = wanted.map((content, index): Action | undefined => {
    const slice = existing[index];
    if (slice === undefined)
      return {
        kind: 'create',
        of: 'EndpointSlice',
        object: {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            generateName: `${name}-`,
            namespace,
            labels: sliceLabels,
            ownerReferences: [owner],
          },
          addressType,
          ...content,
        },
      };
    const isSame =
      isDeepStrictEqual(slice.endpoints, content.endpoints) &&
      isDeepStrictEqual(slice.ports, content.ports) &&
      isDeepStrictEqual(slice.metadata.labels, sliceLabels);
    if (isSame) return undefined;
    const metadata = { ...slice.metadata, labels: sliceLabels };
    return { kind: 'update', of: 'EndpointSlice', object: { ...slice, ...content, metadata } };
  });
  return [
    ...steps.filter(step => step !== undefined),
    ...existing.slice(wanted.length).map(slice => deleteOf('EndpointSlice', slice)),
  ];
}

/** A Service without pods has one slice, which is empty. */
function contentsOf(service: Service, backends: readonly Backend[]): SliceContent[] {
  const contents = byPorts(backends).flatMap(group => {
    const ports = (group[0]?.ports ?? []).map(port => ({ ...port }));
    const chunks = Array.from({ length: Math.ceil(group.length / MAX_ENDPOINTS_PER_SLICE) }, (_, index) =>
      group.slice(index * MAX_ENDPOINTS_PER_SLICE, (index + 1) * MAX_ENDPOINTS_PER_SLICE),
    );
    return chunks.map(chunk => ({ endpoints: chunk.map(backend => endpointOf(service, backend)), ports }));
  });
  return contents.length === 0 ? [{ endpoints: [], ports: [] }] : contents;
}

function endpointOf({ spec }: Service, backend: Backend): Slice['endpoints'][number] {
  const { ip, hostname, isReady, isTerminating } = backend;
  return {
    addresses: [ip],
    conditions: {
      ready: spec.publishNotReadyAddresses === true || (isReady && !isTerminating),
      serving: isReady,
      terminating: isTerminating,
    },
    ...(hostname === undefined ? {} : { hostname }),
    ...targetOf(backend),
  };
}
