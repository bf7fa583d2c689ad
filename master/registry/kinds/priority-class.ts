/** scheduling.k8s.io/v1 PriorityClass. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap, New } from '../../../shared/kubernetes/objects.ts';
import { checkOneOf, checkUnchanged, forbidden } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column } from './columns.ts';

export const priorityClass: Kind<'PriorityClass'> = {
  id: 'PriorityClass',
  kind: 'PriorityClass',
  group: 'scheduling.k8s.io',
  version: 'v1',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  categories: [],
  namespaced: false,
  type: 'V1PriorityClass',
  subresources: [],
  columns: [
    { name: 'Value', type: 'integer', cell: ({ value }) => value },
    { name: 'Global-Default', type: 'boolean', cell: ({ globalDefault }) => globalDefault ?? false },
    ageColumn,
    column('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
  ],
  selectableFields: {},
  defaults: object => ({
    ...object,
    preemptionPolicy: object.preemptionPolicy ?? 'PreemptLowerPriority',
  }),
  validate: ({ metadata, value, globalDefault, preemptionPolicy }) => [
    ...(metadata.name.startsWith(SYSTEM_PREFIX)
      ? validateSystemClass(metadata.name, value, globalDefault)
      : []),
    ...(!metadata.name.startsWith(SYSTEM_PREFIX) && value > HIGHEST_USER_PRIORITY
      ? [forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`)]
      : []),
    ...checkOneOf('preemptionPolicy', preemptionPolicy, ['Never', 'PreemptLowerPriority']),
  ],
  validateUpdate: (next, current) => [
    ...(next.value === current.value ? [] : [forbidden('value', 'may not be changed in an update.')]),
    ...checkUnchanged('preemptionPolicy', next.preemptionPolicy, current.preemptionPolicy),
  ],
};

const SYSTEM_PREFIX = 'system-';
const HIGHEST_USER_PRIORITY = 1_000_000_000;

type PriorityClass = New<KindMap['PriorityClass']> & { readonly metadata: { readonly name: string } };

/** The classes that every cluster has, for what the cluster itself cannot do without. */
export const SYSTEM_PRIORITY_CLASSES: readonly PriorityClass[] = [
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
];

function validateSystemClass(name: string, value: number, globalDefault: boolean | undefined): StatusCause[] {
  const known = SYSTEM_PRIORITY_CLASSES.find(({ metadata }) => metadata.name === name);
  return known !== undefined && known.value === value && globalDefault !== true
    ? []
    : [
        forbidden(
          'metadata.name',
          "priority class names with 'system-' prefix are reserved for system use only",
        ),
      ];
}
