/** rbac.authorization.k8s.io/v1 Role. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const role: Kind<'Role'> = {
  id: 'Role',
  kind: 'Role',
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'roles',
  singular: 'role',
  shortNames: [],
  categories: [],
  namespaced: true,
  type: 'V1Role',
  subresources: [],
  nameRule: 'path-segment',
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
