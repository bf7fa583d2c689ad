/** core/v1 ResourceQuota. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const resourceQuota: Kind<'ResourceQuota'> = {
  id: 'ResourceQuota',
  kind: 'ResourceQuota',
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  categories: [],
  namespaced: true,
  type: 'V1ResourceQuota',
  subresources: ['status'],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
