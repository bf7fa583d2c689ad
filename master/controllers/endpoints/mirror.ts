/** Endpoints that people make, for a Service without a selector, as EndpointSlices: clients read only these. */

import { ipVersionOf } from '../../../shared/ip-address.ts';
import type { KindMap, ObjectRef } from '../../../shared/kubernetes/objects.ts';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import type { Controller, Plan, PlanInput } from '../controller.ts';
import { isNamespaceTerminating } from '../wakes.ts';
import { type SliceContent, serviceOf, stepsTo } from './slices.ts';

const CONTROLLER = 'endpointslicemirroring-controller.k8s.io';
/** Says that somebody makes the slices themselves. */
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
/** Marks Endpoints that older programs elect a leader by. */
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const HEADLESS = 'service.kubernetes.io/headless';
/** As Kubernetes: what is beyond is not mirrored. */
const MAX_ENDPOINTS_PER_SUBSET = 1000;

type Endpoints = KindMap['Endpoints'];
type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];

export const endpointsMirror: Controller<'Endpoints'> = {
  name: 'endpointslicemirroring-controller',
  of: 'Endpoints',
  wakes: {
    Service: ({ metadata: { namespace, name } }): readonly ObjectRef[] => [{ namespace, name }],
    EndpointSlice: slice => {
      const name = serviceOf(slice, CONTROLLER);
      return name === undefined ? [] : [{ namespace: slice.metadata.namespace, name }];
    },
  },
  plan: planMirror,
};

/** The slices are owned by their Endpoints, and go with them. */
function planMirror({ view, ref }: PlanInput): Plan {
  const endpoints = view.get('Endpoints', ref);
  if (endpoints === undefined || endpoints.metadata.deletionTimestamp !== undefined) return { actions: [] };
  if (isNamespaceTerminating(view, ref.namespace)) return { actions: [] };
  const subsets = isMirrored(endpoints, view.get('Service', ref)) ? (endpoints.subsets ?? []) : [];
  const { [HEADLESS]: _headless, ...labels } = endpoints.metadata.labels ?? {};
  const keeper = {
    ...ref,
    namespace: ref.namespace,
    labels,
    owner: controllerReference('Endpoints', endpoints),
    controller: CONTROLLER,
    view,
  };
  return {
    actions: (['IPv4', 'IPv6'] as const).flatMap(addressType =>
      stepsTo(
        subsets.flatMap(subset => contentOf(subset, addressType)),
        { ...keeper, addressType },
      ),
    ),
  };
}

function isMirrored({ metadata }: Endpoints, service: KindMap['Service'] | undefined): boolean {
  if (metadata.labels?.[SKIP] === 'true' || metadata.annotations?.[LEADER] !== undefined) return false;
  return service !== undefined && Object.keys(service.spec.selector ?? {}).length === 0;
}

function contentOf(subset: Subset, addressType: 'IPv4' | 'IPv6'): SliceContent[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  const endpoints = [
    ...addresses.map(address => ({ address, ready: true })),
    ...notReadyAddresses.map(address => ({ address, ready: false })),
  ]
    .filter(({ address }) => `IPv${ipVersionOf(address.ip)}` === addressType)
    .slice(0, MAX_ENDPOINTS_PER_SUBSET)
    .map(({ address, ready }) => endpointOf(address, ready));
  if (endpoints.length === 0) return [];
  return [{ endpoints, ports: ports.map(({ name = '', ...port }) => ({ name, ...port })) }];
}

function endpointOf({ ip, hostname, nodeName, targetRef }: Address, ready: boolean) {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}
