/** batch/v1 CronJob. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const cronJob: Kind<'CronJob'> = {
  id: 'CronJob',
  kind: 'CronJob',
  group: 'batch',
  version: 'v1',
  plural: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  type: 'V1CronJob',
  subresources: ['status'],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
