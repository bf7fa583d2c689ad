/** core/v1 PersistentVolume. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

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
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
