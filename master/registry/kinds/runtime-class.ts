/** node.k8s.io/v1 RuntimeClass. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const runtimeClass: Kind<'RuntimeClass'> = {
  id: 'RuntimeClass',
  kind: 'RuntimeClass',
  group: 'node.k8s.io',
  version: 'v1',
  plural: 'runtimeclasses',
  singular: 'runtimeclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1RuntimeClass',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
