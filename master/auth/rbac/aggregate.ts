/** The rules of an aggregated ClusterRole: those of every other ClusterRole that its selectors match. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import { matchesLabelSelector } from '../../../shared/kubernetes/selectors.ts';
import type { PolicyRule } from './rules.ts';

type ClusterRole = KindMap['ClusterRole'];

/** In order of selectors and names, each rule once. The role's own rules when it aggregates nothing. */
export function aggregatedRules(
  role: Pick<ClusterRole, 'metadata' | 'aggregationRule' | 'rules'>,
  all: readonly ClusterRole[],
): readonly PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (selectors === undefined) return role.rules ?? [];
  const others = all
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules = selectors.flatMap(selector =>
    others
      .filter(({ metadata }) => matchesLabelSelector(selector, metadata.labels))
      .flatMap(other => other.rules ?? []),
  );
  return rules.filter((rule, at) => rules.findIndex(other => isDeepStrictEqual(other, rule)) === at);
}
