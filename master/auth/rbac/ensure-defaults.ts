/**
 * Sees to it, at each start, that the default roles and bindings are there and grant no less than they should. What people
 * added to them stays; one whose annotation `rbac.authorization.kubernetes.io/autoupdate` is not "true" is left alone.
 */
import type * as rbac from 'kubernetes-types/rbac/v1';
import type { KindMap, New } from '../../../shared/kubernetes/objects.ts';
import type { Kind } from '../../registry/kind.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { aggregatedRules } from './aggregate.ts';
import { aggregationRuleOf, DEFAULT_BINDINGS, type DefaultRole, defaultRoles } from './default-roles.ts';
import { isCovered } from './rules.ts';

const API_VERSION = 'rbac.authorization.k8s.io/v1';
const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const BOOTSTRAPPING = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };

/** Writes only what differs. */
export async function ensureDefaultRoles(
  view: ClusterView,
  registry: Registry,
  kinds: readonly Kind[],
): Promise<void> {
  for (const role of defaultRoles(kinds)) await ensureRole(view, registry, roleObject(role));
  for (const [name, groups] of Object.entries(DEFAULT_BINDINGS))
    await ensureBinding(view, registry, bindingObject(name, groups));
}

function metadataOf(name: string, labels: Readonly<Record<string, string>> = {}) {
  return { name, labels: { ...BOOTSTRAPPING, ...labels }, annotations: { [AUTOUPDATE]: 'true' } };
}

function roleObject({ name, labels, rules, aggregates }: DefaultRole): New<KindMap['ClusterRole']> {
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterRole',
    metadata: metadataOf(name, labels),
    rules: [...rules],
    ...(aggregates === undefined ? {} : { aggregationRule: aggregationRuleOf(aggregates) }),
  };
}

function bindingObject(name: string, groups: readonly string[]): New<KindMap['ClusterRoleBinding']> {
  const apiGroup = 'rbac.authorization.k8s.io';
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: metadataOf(name),
    roleRef: { apiGroup, kind: 'ClusterRole', name },
    subjects: groups.map(group => ({ apiGroup, kind: 'Group', name: group })),
  };
}

async function ensureRole(
  view: ClusterView,
  registry: Registry,
  wanted: New<KindMap['ClusterRole']>,
): Promise<void> {
  const stored = view.get('ClusterRole', { name: wanted.metadata.name ?? '' });
  if (stored === undefined) {
    const made = await registry.create('ClusterRole', wanted);
    // The controller keeps an aggregated role current; nobody should be without it until it first runs.
    const rules = [...aggregatedRules(made, view.list('ClusterRole'))];
    await registry.update('ClusterRole', { ...made, rules });
    return;
  }
  if (!isOurs(stored)) return;
  const held = stored.rules ?? [];
  const missing = (wanted.rules ?? []).filter(rule => !isCovered(held, rule));
  await registry.update('ClusterRole', {
    ...stored,
    metadata: withLabels(stored.metadata, wanted.metadata),
    rules: [...held, ...missing],
    ...(wanted.aggregationRule === undefined ? {} : { aggregationRule: wanted.aggregationRule }),
  });
}

async function ensureBinding(
  view: ClusterView,
  registry: Registry,
  wanted: New<KindMap['ClusterRoleBinding']>,
): Promise<void> {
  const stored = view.get('ClusterRoleBinding', { name: wanted.metadata.name ?? '' });
  if (stored === undefined) {
    await registry.create('ClusterRoleBinding', wanted);
    return;
  }
  if (!isOurs(stored)) return;
  const held = stored.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter(subject => !held.some(other => isSame(other, subject)));
  await registry.update('ClusterRoleBinding', {
    ...stored,
    metadata: withLabels(stored.metadata, wanted.metadata),
    subjects: [...held, ...missing],
  });
}

function isOurs({ metadata }: KindMap['ClusterRole' | 'ClusterRoleBinding']): boolean {
  return metadata.annotations?.[AUTOUPDATE] === 'true';
}

function withLabels<T extends { labels?: Record<string, string> }>(
  stored: T,
  wanted: { readonly labels?: Readonly<Record<string, string>> },
): T {
  return { ...stored, labels: { ...stored.labels, ...wanted.labels } };
}

function isSame(a: rbac.Subject, b: rbac.Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
}
