/** networking.k8s.io/v1 IngressClass. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const ingressClass: Kind<'IngressClass'> = {
  id: 'IngressClass',
  kind: 'IngressClass',
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'ingressclasses',
  singular: 'ingressclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1IngressClass',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
