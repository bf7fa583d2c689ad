/** core/v1 Endpoints. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const endpoints: Kind<'Endpoints'> = {
  id: 'Endpoints',
  kind: 'Endpoints',
  group: '',
  version: 'v1',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  categories: [],
  namespaced: true,
  type: 'V1Endpoints',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
