/** storage.k8s.io/v1 StorageClass. */
import { isDeepStrictEqual } from 'node:util';
import { checkOneOf, checkQualifiedName, checkUnchanged, forbidden, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column } from './columns.ts';

export const storageClass: Kind<'StorageClass'> = {
  id: 'StorageClass',
  kind: 'StorageClass',
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  categories: [],
  namespaced: false,
  type: 'V1StorageClass',
  subresources: [],
  columns: [
    {
      ...column('Name', ({ metadata }) =>
        DEFAULTS.some(name => metadata.annotations?.[name] === 'true')
          ? `${metadata.name} (default)`
          : metadata.name,
      ),
      format: 'name',
    },
    column('Provisioner', ({ provisioner }) => provisioner),
    column('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
    column('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? '<unset>'),
    {
      name: 'AllowVolumeExpansion',
      type: 'boolean',
      cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false,
    },
    ageColumn,
  ],
  selectableFields: {},
  defaults: object => ({
    ...object,
    reclaimPolicy: object.reclaimPolicy ?? 'Delete',
    volumeBindingMode: object.volumeBindingMode ?? 'Immediate',
  }),
  validate: ({ provisioner, reclaimPolicy, volumeBindingMode }) => [
    ...(provisioner
      ? checkQualifiedName('provisioner', provisioner.toLowerCase())
      : [requiredValue('provisioner')]),
    ...checkOneOf('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']),
    ...checkOneOf('volumeBindingMode', volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']),
  ],
  validateUpdate: (next, current) => [
    ...(isDeepStrictEqual(next.parameters, current.parameters)
      ? []
      : [forbidden('parameters', 'updates to parameters are forbidden.')]),
    ...(next.provisioner === current.provisioner
      ? []
      : [forbidden('provisioner', 'updates to provisioner are forbidden.')]),
    ...(next.reclaimPolicy === current.reclaimPolicy
      ? []
      : [forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.')]),
    ...checkUnchanged('volumeBindingMode', next.volumeBindingMode, current.volumeBindingMode),
  ],
};

const DEFAULTS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
