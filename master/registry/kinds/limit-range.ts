/** core/v1 LimitRange. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const limitRange: Kind<'LimitRange'> = {
  id: 'LimitRange',
  kind: 'LimitRange',
  group: '',
  version: 'v1',
  plural: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  categories: [],
  namespaced: true,
  type: 'V1LimitRange',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
