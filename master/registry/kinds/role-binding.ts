/** rbac.authorization.k8s.io/v1 RoleBinding. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const roleBinding: Kind<'RoleBinding'> = {
  id: 'RoleBinding',
  kind: 'RoleBinding',
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'rolebindings',
  singular: 'rolebinding',
  shortNames: [],
  categories: [],
  namespaced: true,
  type: 'V1RoleBinding',
  subresources: [],
  nameRule: 'path-segment',
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
