/** storage.k8s.io/v1 StorageClass. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

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
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
