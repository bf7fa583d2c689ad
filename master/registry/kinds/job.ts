/** batch/v1 Job. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const job: Kind<'Job'> = {
  id: 'Job',
  kind: 'Job',
  group: 'batch',
  version: 'v1',
  plural: 'jobs',
  singular: 'job',
  shortNames: [],
  categories: ['all'],
  namespaced: true,
  type: 'V1Job',
  subresources: ['status'],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
