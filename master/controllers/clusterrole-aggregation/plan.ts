/** ClusterRole: one with an aggregationRule carries the rules of every ClusterRole that it selects. */
import { isDeepStrictEqual } from 'node:util';
import { aggregatedRules } from '../../auth/rbac/aggregate.ts';
import type { Controller, Plan, PlanInput } from '../controller.ts';

export const clusterRoleAggregationController: Controller<'ClusterRole'> = {
  name: 'clusterrole-aggregation-controller',
  of: 'ClusterRole',
  wakes: {
    ClusterRole: (_role, view) =>
      view
        .list('ClusterRole')
        .filter(({ aggregationRule }) => aggregationRule !== undefined)
        .map(({ metadata }) => ({ name: metadata.name })),
  },
  plan: planClusterRole,
};

function planClusterRole({ view, ref }: PlanInput): Plan {
  const role = view.get('ClusterRole', ref);
  if (role?.aggregationRule === undefined) return { actions: [] };
  const rules = [...aggregatedRules(role, view.list('ClusterRole'))];
  if (isDeepStrictEqual(rules, role.rules ?? [])) return { actions: [] };
  return { actions: [{ kind: 'update', of: 'ClusterRole', object: { ...role, rules } }] };
}
