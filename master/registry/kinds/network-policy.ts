/** networking.k8s.io/v1 NetworkPolicy. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const networkPolicy: Kind<'NetworkPolicy'> = {
  id: 'NetworkPolicy',
  kind: 'NetworkPolicy',
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  categories: [],
  namespaced: true,
  type: 'V1NetworkPolicy',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
