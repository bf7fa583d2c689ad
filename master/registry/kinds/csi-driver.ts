/** storage.k8s.io/v1 CSIDriver. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

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
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
