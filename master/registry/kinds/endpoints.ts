/** core/v1 Endpoints. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import { checkAddress, checkDnsLabel, checkOneOf, checkPort, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column, shownFirst } from './columns.ts';

export const endpoints: Kind<'Endpoints'> = {
  id: 'Endpoints',
  kind: 'Endpoints',
  group: '',
  version: 'v1',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  categories: [],
  namespaced: true,
  type: 'V1Endpoints',
  subresources: [],
  columns: [
    column('Endpoints', ({ subsets }) => shownFirst(addressesOf(subsets ?? []), '<none>')),
    ageColumn,
  ],
  selectableFields: {},
  defaults: object =>
    object.subsets === undefined ? object : { ...object, subsets: object.subsets.map(defaultSubset) },
  validate: ({ subsets }) => (subsets ?? []).flatMap(validateSubset),
};

type Subset = NonNullable<KindMap['Endpoints']['subsets']>[number];

function defaultSubset(subset: Subset): Subset {
  return subset.ports === undefined
    ? subset
    : { ...subset, ports: subset.ports.map(port => ({ ...port, protocol: port.protocol || 'TCP' })) };
}

function validateSubset(subset: Subset, index: number): StatusCause[] {
  const path = `subsets[${index}]`;
  const ports = subset.ports ?? [];
  const checkAddresses = (field: 'addresses' | 'notReadyAddresses') =>
    (subset[field] ?? []).flatMap(({ ip, hostname }, at) => [
      ...checkAddress(`${path}.${field}[${at}].ip`, ip),
      ...(hostname ? checkDnsLabel(`${path}.${field}[${at}].hostname`, hostname) : []),
    ]);
  return [
    ...((subset.addresses ?? []).length + (subset.notReadyAddresses ?? []).length === 0
      ? [requiredValue(path, 'must specify `addresses` or `notReadyAddresses`')]
      : []),
    ...checkAddresses('addresses'),
    ...checkAddresses('notReadyAddresses'),
    ...ports.flatMap((port, at) => [
      ...(ports.length > 1 && !port.name ? [requiredValue(`${path}.ports[${at}].name`)] : []),
      ...(port.name ? checkDnsLabel(`${path}.ports[${at}].name`, port.name) : []),
      ...checkPort(`${path}.ports[${at}].port`, port.port),
      ...checkOneOf(`${path}.ports[${at}].protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']),
    ]),
  ];
}

function addressesOf(subsets: readonly Subset[]): string[] {
  return subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip}:${port}`)),
  );
}
