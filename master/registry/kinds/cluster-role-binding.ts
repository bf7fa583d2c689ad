/** rbac.authorization.k8s.io/v1 ClusterRoleBinding. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const clusterRoleBinding: Kind<'ClusterRoleBinding'> = {
  id: 'ClusterRoleBinding',
  kind: 'ClusterRoleBinding',
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1ClusterRoleBinding',
  subresources: [],
  nameRule: 'path-segment',
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
