/** networking.k8s.io/v1 Ingress. */
import { ipVersionOf } from '../../../shared/ip-address.ts';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import {
  checkDns1035Label,
  checkDnsSubdomain,
  checkOneOf,
  checkPort,
  checkPortOrName,
  invalidValue,
  requiredValue,
} from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column, shownFirst } from './columns.ts';

export const ingress: Kind<'Ingress'> = {
  id: 'Ingress',
  kind: 'Ingress',
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'ingresses',
  singular: 'ingress',
  shortNames: ['ing'],
  categories: [],
  namespaced: true,
  type: 'V1Ingress',
  subresources: ['status'],
  columns: [
    column(
      'Class',
      ({ metadata, spec }) => spec?.ingressClassName ?? metadata.annotations?.[CLASS] ?? '<none>',
    ),
    column('Hosts', ({ spec }) =>
      shownFirst([...new Set((spec?.rules ?? []).flatMap(({ host }) => host || []))], '*'),
    ),
    column('Address', ({ status }) =>
      (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').join(','),
    ),
    column('Ports', ({ spec }) => (spec?.tls?.length ? '80, 443' : '80')),
    ageColumn,
  ],
  selectableFields: {},
  defaults: object => object,
  initialStatus: () => ({ loadBalancer: {} }),
  validate: ({ metadata, spec }) => [
    ...((spec?.rules ?? []).length === 0 && spec?.defaultBackend === undefined
      ? [invalidValue('spec', spec?.rules ?? null, 'either `defaultBackend` or `rules` must be specified')]
      : []),
    ...(spec?.ingressClassName ? checkDnsSubdomain('spec.ingressClassName', spec.ingressClassName) : []),
    ...(spec?.ingressClassName && metadata.annotations?.[CLASS]
      ? [
          invalidValue(
            `annotations.${CLASS}`,
            metadata.annotations[CLASS],
            'can not be set when the class field is also set',
          ),
        ]
      : []),
    ...(spec?.tls ?? []).flatMap(({ hosts = [] }, index) =>
      hosts.flatMap((host, at) => checkHost(`spec.tls[${index}].hosts[${at}]`, host)),
    ),
    ...(spec?.defaultBackend === undefined
      ? []
      : validateBackend(spec.defaultBackend, 'spec.defaultBackend')),
    ...(spec?.rules ?? []).flatMap((rule, index) => validateRule(rule, `spec.rules[${index}]`)),
  ],
};

/** By which the class was named before it had a field. */
const CLASS = 'kubernetes.io/ingress.class';

type Spec = NonNullable<KindMap['Ingress']['spec']>;
type Rule = NonNullable<Spec['rules']>[number];
type Backend = NonNullable<Spec['defaultBackend']>;

function checkHost(field: string, host: string): StatusCause[] {
  if (ipVersionOf(host) !== undefined)
    return [invalidValue(field, host, 'must be a DNS name, not an IP address')];
  // One wildcard may stand first, for exactly one label.
  return checkDnsSubdomain(field, host.replace(/^\*\./, ''));
}

function validateRule({ host, http }: Rule, path: string): StatusCause[] {
  const paths = http?.paths ?? [];
  return [
    ...(host ? checkHost(`${path}.host`, host) : []),
    ...(http !== undefined && paths.length === 0 ? [requiredValue(`${path}.http.paths`)] : []),
    ...paths.flatMap(({ path: value, pathType, backend }, index) => {
      const field = `${path}.http.paths[${index}]`;
      return [...validatePath(value ?? '', pathType, field), ...validateBackend(backend, `${field}.backend`)];
    }),
  ];
}

const FORBIDDEN_IN_PATH = ['//', '/./', '/../', '%2f', '%2F'];

function validatePath(value: string, pathType: string, field: string): StatusCause[] {
  if (pathType === 'ImplementationSpecific' && value === '') return [];
  const isExact = pathType === 'Exact' || pathType === 'Prefix';
  const inner = FORBIDDEN_IN_PATH.find(sequence => value.includes(sequence));
  const end = ['/..', '/.'].find(suffix => value.endsWith(suffix));
  return [
    ...checkOneOf(`${field}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix']),
    ...(value.startsWith('/') ? [] : [invalidValue(`${field}.path`, value, 'must be an absolute path')]),
    ...(isExact && inner !== undefined
      ? [invalidValue(`${field}.path`, value, `must not contain '${inner}'`)]
      : []),
    ...(isExact && end !== undefined
      ? [invalidValue(`${field}.path`, value, `cannot end with '${end}'`)]
      : []),
  ];
}

function validateBackend({ service, resource }: Backend, path: string): StatusCause[] {
  if (service !== undefined && resource !== undefined)
    return [invalidValue(path, '', 'cannot set both resource and service backends')];
  if (service === undefined)
    return resource === undefined ? [requiredValue(path, 'resource or service backend is required')] : [];
  const { name, number } = service.port ?? {};
  return [
    ...(service.name
      ? checkDns1035Label(`${path}.service.name`, service.name)
      : [requiredValue(`${path}.service.name`)]),
    ...(name && number ? [invalidValue(path, '', 'cannot set both port name & port number')] : []),
    ...(!name && !number ? [requiredValue(path, 'port name or number is required')] : []),
    ...(name ? checkPortOrName(`${path}.service.port.name`, name) : []),
    ...(number ? checkPort(`${path}.service.port.number`, number) : []),
  ];
}
