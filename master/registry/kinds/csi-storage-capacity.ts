/** storage.k8s.io/v1 CSIStorageCapacity. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

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
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
