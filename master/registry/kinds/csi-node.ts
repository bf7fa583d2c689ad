/** storage.k8s.io/v1 CSINode. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const csiNode: Kind<'CSINode'> = {
  id: 'CSINode',
  kind: 'CSINode',
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'csinodes',
  singular: 'csinode',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1CSINode',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
