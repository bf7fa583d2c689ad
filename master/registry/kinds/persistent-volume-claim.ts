/** core/v1 PersistentVolumeClaim. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

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
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
