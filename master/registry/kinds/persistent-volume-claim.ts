/** core/v1 PersistentVolumeClaim. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import { compareQuantities } from '../../../shared/quantity.ts';
import { checkDnsSubdomain, checkOneOf, forbidden, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column, shownAccessModes, wideColumn } from './columns.ts';
import { checkAccessModes, checkPositive } from './storage-checks.ts';

export const persistentVolumeClaim: Kind<'PersistentVolumeClaim'> = {
  id: 'PersistentVolumeClaim',
  kind: 'PersistentVolumeClaim',
  group: '',
  version: 'v1',
  plural: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  categories: [],
  namespaced: true,
  type: 'V1PersistentVolumeClaim',
  subresources: ['status'],
  columns: [
    column('Status', ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    ),
    column('Volume', ({ spec }) => spec?.volumeName ?? ''),
    column('Capacity', ({ spec, status }) => (spec?.volumeName ? (status?.capacity?.storage ?? '') : '')),
    column('Access Modes', ({ spec, status }) =>
      spec?.volumeName ? shownAccessModes(status?.accessModes) : '',
    ),
    column(
      'StorageClass',
      ({ metadata, spec }) => metadata.annotations?.[CLASS] ?? spec?.storageClassName ?? '',
    ),
    column('VolumeAttributesClass', ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>'),
    ageColumn,
    wideColumn('VolumeMode', ({ spec }) => spec?.volumeMode ?? '<unset>'),
  ],
  selectableFields: {},
  defaults: object => ({
    ...object,
    spec: { ...object.spec, volumeMode: object.spec?.volumeMode ?? 'Filesystem' },
  }),
  initialStatus: () => ({ phase: 'Pending' }),
  validate: ({ spec }) => {
    const storage = spec?.resources?.requests?.storage;
    return [
      ...checkAccessModes('spec.accessModes', spec?.accessModes),
      ...(storage === undefined
        ? [requiredValue('spec.resources[storage]')]
        : checkPositive('spec.resources[storage]', storage)),
      ...(spec?.storageClassName ? checkDnsSubdomain('spec.storageClassName', spec.storageClassName) : []),
      ...checkOneOf('spec.volumeMode', spec?.volumeMode, ['Block', 'Filesystem']),
    ];
  },
  validateUpdate: validateClaimUpdate,
};

/** By which the storage class was named before it had a field. */
const CLASS = 'volume.beta.kubernetes.io/storage-class';

type Claim = KindMap['PersistentVolumeClaim'];

/** A claim is bound once; of a bound one the request may grow. */
function validateClaimUpdate(next: Claim, current: Claim): StatusCause[] {
  const fixed = ({ spec }: Claim, bound: string | undefined) => ({
    ...spec,
    resources: { ...spec?.resources, requests: { ...spec?.resources?.requests, storage: '' } },
    volumeName: bound === undefined ? '' : spec?.volumeName,
    volumeAttributesClassName: '',
  });
  const bound = current.spec?.volumeName;
  if (!isDeepStrictEqual(fixed(next, bound), fixed(current, bound)))
    return [
      forbidden(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    ];
  const [wanted = '0', had = '0'] = [next, current].map(({ spec }) => spec?.resources?.requests?.storage);
  return compareQuantities(wanted, had) < 0
    ? [forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')]
    : [];
}
