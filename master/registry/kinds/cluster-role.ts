/** rbac.authorization.k8s.io/v1 ClusterRole. */

import { requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { createdAtColumn } from './columns.ts';
import { checkRules } from './rbac-checks.ts';

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
  columns: [createdAtColumn],
  selectableFields: {},
  defaults: object => object,
  validate: ({ rules, aggregationRule }) => [
    ...checkRules(rules, false),
    ...(aggregationRule !== undefined && (aggregationRule.clusterRoleSelectors ?? []).length === 0
      ? [
          requiredValue(
            'aggregationRule.clusterRoleSelectors',
            'at least one clusterRoleSelector required if aggregationRule is non-nil',
          ),
        ]
      : []),
  ],
};
