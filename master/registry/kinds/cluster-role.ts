/** rbac.authorization.k8s.io/v1 ClusterRole. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const clusterRole: Kind<'ClusterRole'> = {
  id: 'ClusterRole',
  kind: 'ClusterRole',
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'clusterroles',
  singular: 'clusterrole',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1ClusterRole',
  subresources: [],
  nameRule: 'path-segment',
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
