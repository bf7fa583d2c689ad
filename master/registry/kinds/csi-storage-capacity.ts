/** storage.k8s.io/v1 CSIStorageCapacity. */
import { checkDnsSubdomain, checkNonNegative, checkUnchanged, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { column } from './columns.ts';

export const csiStorageCapacity: Kind<'CSIStorageCapacity'> = {
  id: 'CSIStorageCapacity',
  kind: 'CSIStorageCapacity',
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'csistoragecapacities',
  singular: 'csistoragecapacity',
  shortNames: [],
  categories: [],
  namespaced: true,
  type: 'V1CSIStorageCapacity',
  subresources: [],
  columns: [
    column('StorageClassName', ({ storageClassName }) => storageClassName),
    column('Capacity', ({ capacity }) => capacity ?? '<unset>'),
  ],
  selectableFields: {},
  defaults: object => object,
  validate: ({ storageClassName, capacity, maximumVolumeSize }) => [
    ...(storageClassName
      ? checkDnsSubdomain('storageClassName', storageClassName)
      : [requiredValue('storageClassName')]),
    ...(capacity === undefined ? [] : checkNonNegative('capacity', capacity)),
    ...(maximumVolumeSize === undefined ? [] : checkNonNegative('maximumVolumeSize', maximumVolumeSize)),
  ],
  validateUpdate: (next, current) => [
    ...checkUnchanged('nodeTopology', next.nodeTopology, current.nodeTopology),
    ...checkUnchanged('storageClassName', next.storageClassName, current.storageClassName),
  ],
};
