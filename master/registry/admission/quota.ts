/** What objects take of a namespace's ResourceQuotas. Pure. Source: Kubernetes's resource quota documentation. */
import type * as core from 'kubernetes-types/core/v1';
import type { KindMap, KubeObject, Pod } from '../../../shared/kubernetes/objects.ts';
import {
  type Amounts,
  amountsOf,
  formatAmount,
  podLimits,
  podRequests,
} from '../../../shared/kubernetes/pod-requests.ts';
import { isPodTerminal } from '../../../shared/kubernetes/pod-state.ts';
import { qosClassOf } from '../../../shared/kubernetes/qos-class.ts';
import type { Kind } from '../kind.ts';

type ResourceQuota = KindMap['ResourceQuota'];

/** Kinds that a quota may also name by their plural alone. */
const PLAIN_COUNTS: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'configmaps',
  'secrets',
  'replicationcontrollers',
  'persistentvolumeclaims',
  'resourcequotas',
]);

export type Counted = Pick<Kind, 'id' | 'group' | 'plural'>;

/** What one object takes, by the resource names of quotas. */
export function usageOf(kind: Counted, object: KubeObject): Amounts {
  const count = `count/${kind.plural}${kind.group === '' ? '' : `.${kind.group}`}`;
  const counts = { [count]: 1 };
  if (isPod(object)) return { ...counts, ...podUsage(object) };
  const plain = kind.group === '' && PLAIN_COUNTS.has(kind.plural) ? { [kind.plural]: 1 } : {};
  if (isService(object)) return { ...counts, ...plain, ...serviceUsage(object) };
  if (isClaim(object)) return { ...counts, ...plain, ...claimUsage(object) };
  return { ...counts, ...plain };
}

/** A pod that has ended takes nothing but its place among the objects. */
function podUsage(pod: Pod): Amounts {
  if (isPodTerminal(pod)) return {};
  const requests = Object.entries(podRequests(pod.spec));
  const limits = Object.entries(podLimits(pod.spec));
  return {
    pods: 1,
    ...Object.fromEntries(requests.filter(([name]) => !name.includes('/'))),
    ...Object.fromEntries(requests.map(([name, amount]) => [`requests.${name}`, amount])),
    ...Object.fromEntries(limits.map(([name, amount]) => [`limits.${name}`, amount])),
  };
}

function serviceUsage({ spec }: KindMap['Service']): Amounts {
  const ports = spec.ports?.length ?? 0;
  if (spec.type === 'NodePort') return { 'services.nodeports': ports };
  if (spec.type !== 'LoadBalancer') return {};
  const nodePorts = spec.allocateLoadBalancerNodePorts === false ? 0 : ports;
  return { 'services.loadbalancers': 1, 'services.nodeports': nodePorts };
}

function claimUsage({ spec }: KindMap['PersistentVolumeClaim']): Amounts {
  const { storage = 0 } = amountsOf(spec?.resources?.requests);
  const prefix = spec?.storageClassName ? `${spec.storageClassName}.storageclass.storage.k8s.io/` : undefined;
  return {
    'requests.storage': storage,
    ...(prefix === undefined
      ? {}
      : { [`${prefix}requests.storage`]: storage, [`${prefix}persistentvolumeclaims`]: 1 }),
  };
}

/** True when the object is of those that the quota counts: scopes narrow it to some pods. */
export function isInScope(quota: ResourceQuota, object: KubeObject): boolean {
  const scopes = (quota.spec?.scopes ?? []).map(scopeName => ({ scopeName, operator: 'Exists', values: [] }));
  const all = [...scopes, ...(quota.spec?.scopeSelector?.matchExpressions ?? [])];
  return all.length === 0 || (isPod(object) && all.every(scope => matchesScope(scope, object)));
}

function matchesScope(
  { scopeName, operator, values = [] }: core.ScopedResourceSelectorRequirement,
  { spec }: Pod,
): boolean {
  const isBestEffort = qosClassOf(spec) === 'BestEffort';
  switch (scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return isBestEffort;
    case 'NotBestEffort':
      return !isBestEffort;
    case 'PriorityClass':
      return matchesOperator(operator, values, spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(spec.affinity);
    default:
      return false;
  }
}

function matchesOperator(operator: string, values: readonly string[], value: string): boolean {
  switch (operator) {
    case 'In':
      return values.includes(value);
    case 'NotIn':
      return !values.includes(value);
    case 'Exists':
      return value !== '';
    default:
      return value === '';
  }
}

function reachesOtherNamespaces(affinity: core.Affinity | undefined): boolean {
  const sides = [affinity?.podAffinity, affinity?.podAntiAffinity];
  return sides
    .flatMap(side => [
      ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(term => term.podAffinityTerm),
    ])
    .some(term => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined);
}

/** What all objects that the quota counts take together, of the resources that it limits. */
export function usedOf(
  quota: ResourceQuota,
  objects: Iterable<{ readonly usage: Amounts; readonly object: KubeObject }>,
): Amounts {
  const used: Record<string, number> = {};
  for (const name of Object.keys(quota.spec?.hard ?? {})) used[name] = 0;
  for (const { usage, object } of objects) {
    const counted = Object.entries(usage).filter(([name]) => used[name] !== undefined);
    if (counted.length === 0 || !isInScope(quota, object)) continue;
    for (const [name, amount] of counted) used[name] = (used[name] ?? 0) + amount;
  }
  return used;
}

/** Why the quota has no room for `wanted`, on top of what is used; undefined when it has. */
export function quotaFault(
  quota: ResourceQuota,
  object: KubeObject,
  { wanted, used }: { readonly wanted: Amounts; readonly used: Amounts },
): string | undefined {
  if (!isInScope(quota, object)) return undefined;
  const hard = amountsOf(quota.spec?.hard);
  const { name } = quota.metadata;
  const unsaid = isPod(object) ? unsaidOf(object, Object.keys(hard)) : [];
  if (unsaid.length > 0) return `failed quota: ${name}: must specify ${unsaid.join('; ')}`;
  const over = Object.keys(hard)
    .filter(resource => (wanted[resource] ?? 0) > 0)
    .filter(resource => (used[resource] ?? 0) + (wanted[resource] ?? 0) > (hard[resource] ?? 0))
    .sort();
  if (over.length === 0) return undefined;
  const list = (amounts: Amounts) =>
    over.map(resource => `${resource}=${formatAmount(resource, amounts[resource] ?? 0)}`).join(',');
  return `exceeded quota: ${name}, requested: ${list(wanted)}, used: ${list(used)}, limited: ${list(hard)}`;
}

/** Under a quota of cpu or memory every container must say what it takes. */
function unsaidOf({ spec }: Pod, limited: readonly string[]): readonly string[] {
  return limited
    .filter(name => /^((requests|limits)\.)?(cpu|memory)$/.test(name))
    .sort()
    .flatMap(name => {
      const [resource = '', part = 'requests'] = name.split('.').reverse();
      const silent = spec.containers.filter(({ resources }) => {
        const said = part === 'limits' ? resources?.limits : { ...resources?.limits, ...resources?.requests };
        return said?.[resource] === undefined;
      });
      return silent.length === 0 ? [] : [`${name} for: ${silent.map(container => container.name).join(',')}`];
    });
}

function isPod(object: KubeObject): object is Pod {
  return object.kind === 'Pod' && object.apiVersion === 'v1';
}

function isService(object: KubeObject): object is KindMap['Service'] {
  return object.kind === 'Service' && object.apiVersion === 'v1';
}

function isClaim(object: KubeObject): object is KindMap['PersistentVolumeClaim'] {
  return object.kind === 'PersistentVolumeClaim' && object.apiVersion === 'v1';
}
