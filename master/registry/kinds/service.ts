/** core/v1 Service. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const service: Kind<'Service'> = {
  id: 'Service',
  kind: 'Service',
  group: '',
  version: 'v1',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  type: 'V1Service',
  subresources: ['status', 'proxy'],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
