/** core/v1 Service. Its addresses and node ports are given out by ../service-addresses.ts. */
import type { Service } from '../../../shared/kubernetes/objects.ts';
import type { Kind } from '../kind.ts';
import { withAddresses } from '../service-addresses.ts';
import { ageColumn, column, shownLabels, wideColumn } from './columns.ts';
import { validateService, validateServiceUpdate } from './service-checks.ts';

export const service: Kind<'Service'> = {
  id: 'Service',
  kind: 'Service',
  group: '',
  version: 'v1',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  type: 'V1Service',
  subresources: ['status', 'proxy'],
  nameRule: 'dns-1035-label',
  columns: [
    column('Type', ({ spec }) => spec.type ?? ''),
    column('Cluster-IP', ({ spec }) => spec.clusterIPs?.[0] ?? '<none>'),
    column('External-IP', shownExternal),
    column('Port(s)', shownPorts),
    ageColumn,
    wideColumn('Selector', ({ spec }) => shownLabels(spec.selector)),
  ],
  selectableFields: {
    'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
    'spec.type': ({ spec }) => spec.type ?? '',
  },
  defaults: object => ({ ...object, spec: defaultSpec(object.spec ?? {}) }),
  allocate: withAddresses,
  initialStatus: () => ({ loadBalancer: {} }),
  validate: validateService,
  validateUpdate: validateServiceUpdate,
};

function defaultSpec(spec: Service['spec']): Service['spec'] {
  const type = spec.type ?? 'ClusterIP';
  const isExternal = type === 'NodePort' || type === 'LoadBalancer';
  const { sessionAffinityConfig, ...rest } = spec;
  const sessionAffinity = spec.sessionAffinity ?? 'None';
  return {
    ...rest,
    type,
    sessionAffinity,
    ...(sessionAffinity === 'None'
      ? {}
      : {
          sessionAffinityConfig: {
            clientIP: { timeoutSeconds: sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800 },
          },
        }),
    ...(spec.ports === undefined ? {} : { ports: spec.ports.map(defaultPort) }),
    ...(isExternal ? { externalTrafficPolicy: spec.externalTrafficPolicy || 'Cluster' } : {}),
    ...(type === 'ExternalName' ? {} : { internalTrafficPolicy: spec.internalTrafficPolicy ?? 'Cluster' }),
    ...(type === 'LoadBalancer'
      ? { allocateLoadBalancerNodePorts: spec.allocateLoadBalancerNodePorts ?? true }
      : {}),
  };
}

type Port = NonNullable<Service['spec']['ports']>[number];

function defaultPort(port: Port): Port {
  return { ...port, protocol: port.protocol || 'TCP', targetPort: port.targetPort || port.port };
}

function shownExternal({ spec, status }: Service): string {
  const external = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.length === 0 ? '<none>' : external.join(',');
    case 'LoadBalancer': {
      const balancers = status?.loadBalancer?.ingress?.map(({ ip, hostname }) => ip || hostname || '') ?? [];
      return [...balancers, ...external].join(',') || '<pending>';
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

function shownPorts({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return ports.length === 0 ? '<none>' : ports.join(',');
}
