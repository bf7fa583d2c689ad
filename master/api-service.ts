/** The Service `kubernetes`: where programs in the cluster find the API. */
import { isIPv4 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { KindMap, New } from '../shared/kubernetes/objects.ts';
import type { Registry } from './registry/registry.ts';
import { API_SERVICE_ADDRESS } from './registry/service-addresses.ts';
import type { ClusterView } from './watch/cluster-view.ts';

const REF = { namespace: 'default', name: 'kubernetes' };
const LABELS = { component: 'apiserver', provider: 'kubernetes' };
const PORT = { name: 'https', protocol: 'TCP' };

/** `hosts`: what clients may call this machine; its first address that others can reach is told. `port`: the API's. */
export async function ensureApiService(
  { view, registry }: { readonly view: ClusterView; readonly registry: Registry },
  { hosts, port }: { readonly hosts: readonly string[]; readonly port: number },
): Promise<void> {
  const ip = hosts.find(host => isIPv4(host) && !host.startsWith('127.')) ?? '127.0.0.1';
  const ports = [{ ...PORT, port }];
  if (view.get('Service', REF) === undefined)
    await registry.create('Service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...REF, labels: LABELS },
      spec: { clusterIP: API_SERVICE_ADDRESS, ports: [{ ...PORT, port: 443, targetPort: port }] },
    });
  await ensureEndpoints(view, registry, [{ addresses: [{ ip }], ports }]);
  await ensureSlice(view, registry, {
    addressType: 'IPv4',
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports,
  });
}

async function ensureEndpoints(
  view: ClusterView,
  registry: Registry,
  subsets: NonNullable<KindMap['Endpoints']['subsets']>,
): Promise<void> {
  const found = view.get('Endpoints', REF);
  const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
  if (found === undefined)
    await registry.create('Endpoints', {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { ...REF, labels },
      subsets,
    });
  else if (!isDeepStrictEqual(found.subsets, subsets))
    await registry.update('Endpoints', { ...found, subsets });
}

async function ensureSlice(
  view: ClusterView,
  registry: Registry,
  content: Pick<KindMap['EndpointSlice'], 'addressType' | 'endpoints' | 'ports'>,
): Promise<void> {
  const found = view.get('EndpointSlice', REF);
  const labels = { 'kubernetes.io/service-name': 'kubernetes' };
  const wanted: New<KindMap['EndpointSlice']> = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...REF, labels },
    ...content,
  };
  if (found === undefined) await registry.create('EndpointSlice', wanted);
  else if (!isDeepStrictEqual([found.endpoints, found.ports], [content.endpoints, content.ports]))
    await registry.update('EndpointSlice', { ...found, ...content });
}
