/** The Services that a pod's environment tells of. Pure. Source: the kubelet's getServiceEnvVarMap. */
import type { KindMap, Pod } from '../../shared/kubernetes/objects.ts';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { ClusterView } from '../watch/cluster-view.ts';

type PodService = NonNullable<PodDocument['services']>[number];
type Service = KindMap['Service'];

const API = { namespace: 'default', name: 'kubernetes' };

/**
 * The API first, where it really is, since nothing forwards to a Service's address. Then, unless the pod says
 * `enableServiceLinks: false`, the Services of its namespace that were there before it: a later one would change the
 * documents of pods that cannot see it.
 */
export function servicesOf(view: ClusterView, { metadata, spec }: Pod): PodService[] {
  const api = apiOf(view);
  const own = spec.enableServiceLinks === false ? [] : view.list('Service', metadata.namespace);
  const earlier = own.filter(
    service => service.metadata.creationTimestamp <= metadata.creationTimestamp && !isApi(service),
  );
  const byName = [...earlier].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return [...(api === undefined ? [] : [api]), ...byName.flatMap(described)];
}

function isApi({ metadata }: Service): boolean {
  return metadata.namespace === API.namespace && metadata.name === API.name;
}

function apiOf(view: ClusterView): PodService | undefined {
  const [subset] = view.get('Endpoints', API)?.subsets ?? [];
  const host = subset?.addresses?.[0]?.ip;
  return host === undefined ? undefined : { name: API.name, host, ports: portsOf(subset?.ports) };
}

function described({ metadata, spec }: Service): PodService[] {
  const host = spec?.clusterIP;
  if (!host || host === 'None') return [];
  return [{ name: metadata.name, host, ports: portsOf(spec?.ports) }];
}

function portsOf(ports: readonly { name?: string; port: number; protocol?: string }[] = []) {
  return ports.map(({ name, port, protocol = 'TCP' }) => ({ ...(name && { name }), port, protocol }));
}
