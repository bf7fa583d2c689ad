/** storage.k8s.io/v1 CSIDriver. */
import { checkOneOf, checkUnchanged, checkUnique } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column } from './columns.ts';

export const csiDriver: Kind<'CSIDriver'> = {
  id: 'CSIDriver',
  kind: 'CSIDriver',
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'csidrivers',
  singular: 'csidriver',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1CSIDriver',
  subresources: [],
  columns: [
    { name: 'AttachRequired', type: 'boolean', cell: ({ spec }) => spec.attachRequired ?? true },
    { name: 'PodInfoOnMount', type: 'boolean', cell: ({ spec }) => spec.podInfoOnMount ?? false },
    { name: 'StorageCapacity', type: 'boolean', cell: ({ spec }) => spec.storageCapacity ?? false },
    column(
      'TokenRequests',
      ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') || '<unset>',
    ),
    { name: 'RequiresRepublish', type: 'boolean', cell: ({ spec }) => spec.requiresRepublish ?? false },
    column('Modes', ({ spec }) => spec.volumeLifecycleModes?.join(',') ?? '<none>'),
    ageColumn,
  ],
  selectableFields: {},
  defaults: object => ({
    ...object,
    spec: {
      ...object.spec,
      attachRequired: object.spec?.attachRequired ?? true,
      podInfoOnMount: object.spec?.podInfoOnMount ?? false,
      storageCapacity: object.spec?.storageCapacity ?? false,
      fsGroupPolicy: object.spec?.fsGroupPolicy ?? 'ReadWriteOnceWithFSType',
      requiresRepublish: object.spec?.requiresRepublish ?? false,
      seLinuxMount: object.spec?.seLinuxMount ?? false,
      volumeLifecycleModes: object.spec?.volumeLifecycleModes ?? ['Persistent'],
    },
  }),
  validate: ({ spec }) => [
    ...checkOneOf('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']),
    ...(spec.volumeLifecycleModes ?? []).flatMap(mode =>
      checkOneOf('spec.volumeLifecycleModes', mode, ['Ephemeral', 'Persistent']),
    ),
    ...checkUnique(
      index => `spec.tokenRequests[${index}].audience`,
      (spec.tokenRequests ?? []).map(({ audience }) => audience),
    ),
  ],
  validateUpdate: (next, current) => [
    ...checkUnchanged('spec.attachRequired', next.spec.attachRequired, current.spec.attachRequired),
    ...checkUnchanged(
      'spec.volumeLifecycleModes',
      next.spec.volumeLifecycleModes,
      current.spec.volumeLifecycleModes,
    ),
  ],
};
