/** scheduling.k8s.io/v1 PriorityClass. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const priorityClass: Kind<'PriorityClass'> = {
  id: 'PriorityClass',
  kind: 'PriorityClass',
  group: 'scheduling.k8s.io',
  version: 'v1',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  categories: [],
  namespaced: false,
  type: 'V1PriorityClass',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
