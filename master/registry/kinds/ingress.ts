/** networking.k8s.io/v1 Ingress. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const ingress: Kind<'Ingress'> = {
  id: 'Ingress',
  kind: 'Ingress',
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'ingresses',
  singular: 'ingress',
  shortNames: ['ing'],
  categories: [],
  namespaced: true,
  type: 'V1Ingress',
  subresources: ['status'],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
