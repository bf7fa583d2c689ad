/** discovery.k8s.io/v1 EndpointSlice. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const endpointSlice: Kind<'EndpointSlice'> = {
  id: 'EndpointSlice',
  kind: 'EndpointSlice',
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  singular: 'endpointslice',
  shortNames: [],
  categories: [],
  namespaced: true,
  type: 'V1EndpointSlice',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
