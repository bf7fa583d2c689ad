/** What the kinds of rbac.authorization.k8s.io have in common. Source: k8s.io/kubernetes/pkg/apis/rbac/validation. */

import { isDeepStrictEqual } from 'node:util';
import type * as rbac from 'kubernetes-types/rbac/v1';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import {
  checkDnsSubdomain,
  checkOneOf,
  checkPathSegment,
  invalidValue,
  requiredValue,
} from '../field-checks.ts';
import type { Column } from '../kind.ts';
import { ageColumn } from './columns.ts';

const GROUP = 'rbac.authorization.k8s.io';

type Binding = KindMap['RoleBinding' | 'ClusterRoleBinding'];

export function checkRules(
  rules: readonly rbac.PolicyRule[] | undefined,
  isNamespaced: boolean,
): StatusCause[] {
  return (rules ?? []).flatMap((rule, index) => checkRule(rule, `rules[${index}]`, isNamespaced));
}

function checkRule(rule: rbac.PolicyRule, at: string, isNamespaced: boolean): StatusCause[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const noVerbs =
    verbs.length === 0 ? [requiredValue(`${at}.verbs`, 'verbs must contain at least one value')] : [];
  if (nonResourceURLs.length > 0) {
    const isMixed = apiGroups.length + resources.length + resourceNames.length > 0;
    const refuse = (why: string) => [invalidValue(`${at}.nonResourceURLs`, nonResourceURLs, why)];
    return [
      ...noVerbs,
      ...(isNamespaced ? refuse('namespaced rules cannot apply to non-resource URLs') : []),
      ...(isMixed ? refuse('rules cannot apply to both regular resources and non-resource URLs') : []),
    ];
  }
  return [
    ...noVerbs,
    ...(apiGroups.length === 0
      ? [requiredValue(`${at}.apiGroups`, 'resource rules must supply at least one api group')]
      : []),
    ...(resources.length === 0
      ? [requiredValue(`${at}.resources`, 'resource rules must supply at least one resource')]
      : []),
  ];
}

/** Names the API group of the role, and of the subjects that are in one. */
export function withGroups<T extends Binding>(binding: T): T {
  const { roleRef, subjects } = binding;
  return {
    ...binding,
    ...(roleRef === undefined ? {} : { roleRef: { ...roleRef, apiGroup: roleRef.apiGroup || GROUP } }),
    ...(subjects === undefined ? {} : { subjects: subjects.map(withGroup) }),
  };
}

function withGroup(subject: rbac.Subject): rbac.Subject {
  if (subject.kind !== 'User' && subject.kind !== 'Group') return subject;
  return { ...subject, apiGroup: subject.apiGroup || GROUP };
}

export function checkBinding({ roleRef, subjects }: Binding, isNamespaced: boolean): StatusCause[] {
  const roles = isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  return [
    ...checkOneOf('roleRef.apiGroup', roleRef?.apiGroup, [GROUP]),
    ...checkOneOf('roleRef.kind', roleRef?.kind, roles),
    ...(roleRef?.name === '' ? [requiredValue('roleRef.name')] : []),
    ...checkPathSegment('roleRef.name', roleRef?.name ?? ''),
    ...(subjects ?? []).flatMap((subject, index) =>
      checkSubject(subject, `subjects[${index}]`, isNamespaced),
    ),
  ];
}

function checkSubject(subject: rbac.Subject, at: string, isNamespaced: boolean): StatusCause[] {
  const { kind, name, namespace = '', apiGroup } = subject;
  const noName = name === '' ? [requiredValue(`${at}.name`)] : [];
  if (kind !== 'ServiceAccount')
    return [
      ...noName,
      ...checkOneOf(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group']),
      ...(kind === 'User' || kind === 'Group' ? checkOneOf(`${at}.apiGroup`, apiGroup, [GROUP]) : []),
    ];
  return [
    ...noName,
    ...(name ? checkDnsSubdomain(`${at}.name`, name) : []),
    ...checkOneOf(`${at}.apiGroup`, apiGroup, ['']),
    ...(!isNamespaced && namespace === '' ? [requiredValue(`${at}.namespace`)] : []),
  ];
}

/** What a binding grants is fixed; whom it is granted to is not. */
export function checkSameRole(next: Binding, current: Binding): StatusCause[] {
  if (isDeepStrictEqual(next.roleRef, current.roleRef)) return [];
  return [invalidValue('roleRef', next.roleRef, 'cannot change roleRef')];
}

export const bindingColumns: readonly Column<Binding>[] = [
  { name: 'Role', type: 'string', cell: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}` },
  ageColumn,
  { name: 'Users', type: 'string', priority: 1, cell: binding => subjectsOf(binding, 'User') },
  { name: 'Groups', type: 'string', priority: 1, cell: binding => subjectsOf(binding, 'Group') },
  {
    name: 'ServiceAccounts',
    type: 'string',
    priority: 1,
    cell: binding => subjectsOf(binding, 'ServiceAccount'),
  },
];

function subjectsOf({ subjects }: Binding, kind: string): string {
  return (subjects ?? [])
    .filter(subject => subject.kind === kind)
    .map(({ name, namespace = '' }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
    .join(', ');
}
