/** core/v1 PersistentVolume. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import { checkDnsSubdomain, checkOneOf, checkUnchanged, forbidden, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column, shownAccessModes, wideColumn } from './columns.ts';
import { checkAccessModes, checkPositive } from './storage-checks.ts';

export const persistentVolume: Kind<'PersistentVolume'> = {
  id: 'PersistentVolume',
  kind: 'PersistentVolume',
  group: '',
  version: 'v1',
  plural: 'persistentvolumes',
  singular: 'persistentvolume',
  shortNames: ['pv'],
  categories: [],
  namespaced: false,
  type: 'V1PersistentVolume',
  subresources: ['status'],
  columns: [
    column('Capacity', ({ spec }) => spec?.capacity?.storage ?? ''),
    column('Access Modes', ({ spec }) => shownAccessModes(spec?.accessModes)),
    column('Reclaim Policy', ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ''),
    column('Status', ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    ),
    column('Claim', ({ spec }) =>
      spec?.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`,
    ),
    column('StorageClass', ({ spec }) => spec?.storageClassName ?? ''),
    column('VolumeAttributesClass', ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>'),
    column('Reason', ({ status }) => status?.reason ?? ''),
    ageColumn,
    wideColumn('VolumeMode', ({ spec }) => spec?.volumeMode ?? '<unset>'),
  ],
  selectableFields: {},
  defaults: object => ({
    ...object,
    spec: {
      ...object.spec,
      persistentVolumeReclaimPolicy: object.spec?.persistentVolumeReclaimPolicy ?? 'Retain',
      volumeMode: object.spec?.volumeMode ?? 'Filesystem',
    },
  }),
  initialStatus: () => ({ phase: 'Pending' }),
  validate: validateVolume,
  validateUpdate: validateVolumeUpdate,
};

/** What a volume says besides where it lies: all other members of its spec are sources. */
const NOT_SOURCES: readonly string[] = [
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
];

type Volume = KindMap['PersistentVolume'];

function sourcesOf({ spec }: Volume): [string, unknown][] {
  return Object.entries(spec ?? {}).filter(
    ([name, value]) => !NOT_SOURCES.includes(name) && value !== undefined,
  );
}

function validateVolume(volume: Volume): StatusCause[] {
  const { spec } = volume;
  const capacity = Object.entries(spec?.capacity ?? {});
  const sources = sourcesOf(volume);
  return [
    ...checkAccessModes('spec.accessModes', spec?.accessModes),
    ...(capacity.length === 0 ? [requiredValue('spec.capacity')] : []),
    ...capacity.flatMap(([name, quantity]) =>
      name === 'storage'
        ? checkPositive('spec.capacity[storage]', quantity)
        : checkOneOf('spec.capacity', name, ['storage']),
    ),
    ...(sources.length === 0 ? [requiredValue('spec', 'must specify a volume type')] : []),
    ...sources.slice(1).map(([name]) => forbidden(`spec.${name}`, 'may not specify more than 1 volume type')),
    ...(spec?.hostPath?.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'")]
      : []),
    ...(spec?.local !== undefined && spec.nodeAffinity === undefined
      ? [requiredValue('spec.nodeAffinity', 'Local volume requires node affinity')]
      : []),
    ...checkOneOf('spec.persistentVolumeReclaimPolicy', spec?.persistentVolumeReclaimPolicy, [
      'Delete',
      'Recycle',
      'Retain',
    ]),
    ...(spec?.storageClassName ? checkDnsSubdomain('spec.storageClassName', spec.storageClassName) : []),
    ...checkOneOf('spec.volumeMode', spec?.volumeMode, ['Block', 'Filesystem']),
  ];
}

function validateVolumeUpdate(next: Volume, current: Volume): StatusCause[] {
  return [
    ...(isDeepStrictEqual(sourcesOf(next), sourcesOf(current))
      ? []
      : [
          forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'),
        ]),
    ...checkUnchanged('spec.volumeMode', next.spec?.volumeMode, current.spec?.volumeMode),
    ...(current.spec?.nodeAffinity === undefined
      ? []
      : checkUnchanged('spec.nodeAffinity', next.spec?.nodeAffinity, current.spec.nodeAffinity)),
  ];
}
