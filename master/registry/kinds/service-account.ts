/** core/v1 ServiceAccount. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const serviceAccount: Kind<'ServiceAccount'> = {
  id: 'ServiceAccount',
  kind: 'ServiceAccount',
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  categories: [],
  namespaced: true,
  type: 'V1ServiceAccount',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
