/** discovery.k8s.io/v1 EndpointSlice. */
import { ipVersionOf } from '../../../shared/ip-address.ts';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import {
  checkAddress,
  checkDnsLabel,
  checkDnsSubdomain,
  checkOneOf,
  checkPort,
  checkUnchanged,
  checkUnique,
  invalidValue,
  requiredValue,
  tooMany,
} from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column, shownFirst } from './columns.ts';

export const endpointSlice: Kind<'EndpointSlice'> = {
  id: 'EndpointSlice',
  kind: 'EndpointSlice',
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  singular: 'endpointslice',
  shortNames: [],
  categories: [],
  namespaced: true,
  type: 'V1EndpointSlice',
  subresources: [],
  columns: [
    column('AddressType', ({ addressType }) => addressType),
    column('Ports', ({ ports }) =>
      shownFirst(
        (ports ?? []).map(({ port }) => (port === undefined ? '*' : String(port))),
        '<unset>',
      ),
    ),
    column('Endpoints', ({ endpoints }) =>
      shownFirst(
        (endpoints ?? []).flatMap(({ addresses }) => addresses),
        '<unset>',
      ),
    ),
    ageColumn,
  ],
  selectableFields: {},
  defaults: object =>
    object.ports === undefined
      ? object
      : {
          ...object,
          ports: object.ports.map(port => ({
            ...port,
            name: port.name ?? '',
            protocol: port.protocol ?? 'TCP',
          })),
        },
  validate: ({ addressType, endpoints, ports }) => [
    ...checkOneOf('addressType', addressType, ['FQDN', 'IPv4', 'IPv6']),
    ...((endpoints ?? []).length > MAX_ENDPOINTS
      ? [tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)]
      : []),
    ...(endpoints ?? []).flatMap((endpoint, index) => validateEndpoint(endpoint, index, addressType)),
    ...((ports ?? []).length > MAX_PORTS ? [tooMany('ports', (ports ?? []).length, MAX_PORTS)] : []),
    ...checkUnique(
      index => `ports[${index}].name`,
      (ports ?? []).map(({ name }) => name),
    ),
    ...(ports ?? []).flatMap(({ protocol, port }, index) => [
      ...checkOneOf(`ports[${index}].protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
      ...checkPort(`ports[${index}].port`, port),
    ]),
  ],
  validateUpdate: (next, current) => checkUnchanged('addressType', next.addressType, current.addressType),
};

const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 100;
const MAX_ADDRESSES = 100;

type Endpoint = KindMap['EndpointSlice']['endpoints'][number];

function validateEndpoint({ addresses, hostname }: Endpoint, index: number, type: string): StatusCause[] {
  const path = `endpoints[${index}]`;
  const checked = addresses ?? [];
  return [
    ...(checked.length === 0 ? [requiredValue(`${path}.addresses`, 'must contain at least 1 address')] : []),
    ...(checked.length > MAX_ADDRESSES ? [tooMany(`${path}.addresses`, checked.length, MAX_ADDRESSES)] : []),
    ...checked.flatMap((address, at) => {
      const field = `${path}.addresses[${at}]`;
      if (type === 'FQDN') return checkDnsSubdomain(field, address);
      if (ipVersionOf(address) === undefined) return checkAddress(field, address);
      return `IPv${ipVersionOf(address)}` === type
        ? []
        : [invalidValue(field, address, `must be an ${type} address`)];
    }),
    ...(hostname ? checkDnsLabel(`${path}.hostname`, hostname) : []),
  ];
}
