/**
 * Nobody grants what they do not hold: a role may be written, or bound, only by who has every permission in it, or who may
 * `escalate` (`bind`) it. Source: k8s.io/kubernetes/pkg/registry/rbac.
 */
import { isDeepStrictEqual } from 'node:util';
import type * as rbac from 'kubernetes-types/rbac/v1';
import { ApiError, notFound } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import type { Authorizer } from '../authorize.ts';
import { type Identity, MASTERS } from '../identity.ts';
import { rulesOfRole } from './role-index.ts';
import { compacted, type PolicyRule, quotedList, ruleText, uncoveredParts } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Whoever writes an aggregationRule may end up granting anything. */
const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

type Asking = { readonly authorizer: Authorizer; readonly identity: Identity };
type Target = { readonly plural: string; readonly name: string; readonly namespace?: string };

/** Throws ApiError Forbidden when `next` would grant more than its writer holds. `current` is absent for a new role. */
export function refuseRoleEscalation(
  asking: Asking,
  target: Target,
  next: Pick<KindMap['ClusterRole'], 'rules' | 'aggregationRule'>,
  current: Pick<KindMap['ClusterRole'], 'rules' | 'aggregationRule'> | undefined,
): void {
  const { authorizer, identity } = asking;
  const { plural: resource, name, namespace } = target;
  const rules = next.rules ?? [];
  const isSameRules = isDeepStrictEqual(rules, current?.rules ?? []);
  const isSameAggregation = isDeepStrictEqual(next.aggregationRule, current?.aggregationRule);
  if (isSameRules && isSameAggregation) return;
  if (authorizer.isAllowed(identity, { verb: 'escalate', group: GROUP, resource, namespace, name })) return;
  refuseUncovered(asking, target, rules);
  if (!isSameAggregation && next.aggregationRule !== undefined) refuseUncovered(asking, target, EVERYTHING);
}

/** Throws ApiError Forbidden when the binding would grant more than its writer holds, NotFound for a role that is not there. */
export function refuseBindingEscalation(
  asking: Asking,
  target: Target,
  { roleRef, subjects }: { readonly roleRef?: rbac.RoleRef; readonly subjects?: readonly rbac.Subject[] },
  current: { readonly roleRef: rbac.RoleRef; readonly subjects?: readonly rbac.Subject[] } | undefined,
): void {
  const { authorizer, identity } = asking;
  // A binding of nothing is refused by its validation.
  if (identity.groups.includes(MASTERS) || roleRef === undefined) return;
  const isSame =
    current !== undefined &&
    isDeepStrictEqual(roleRef, current.roleRef) &&
    isDeepStrictEqual(subjects ?? [], current.subjects ?? []);
  if (isSame) return;
  const plural = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  const { namespace } = target;
  const bind = { verb: 'bind', group: GROUP, resource: plural, namespace, name: roleRef.name };
  if (authorizer.isAllowed(identity, bind)) return;
  const rules = rulesOfRole(authorizer.view, roleRef, namespace);
  if (rules === undefined) throw notFound({ group: GROUP, plural, kind: roleRef.kind }, roleRef.name);
  refuseUncovered(asking, target, rules);
}

function refuseUncovered(
  { authorizer, identity }: Asking,
  { plural, name, namespace }: Target,
  rules: readonly PolicyRule[],
): void {
  if (identity.groups.includes(MASTERS)) return;
  const missing = uncoveredParts(authorizer.rulesFor(identity, namespace), rules);
  if (missing.length === 0) return;
  const list = compacted(missing).map(ruleText).toSorted().join('\n');
  throw new ApiError(
    'Forbidden',
    `${plural}.${GROUP} ${JSON.stringify(name)} is forbidden: user ${JSON.stringify(identity.user)} (groups=${quotedList(identity.groups)}) is attempting to grant RBAC permissions not currently held:\n${list}`,
    { name, group: GROUP, kind: plural },
  );
}
