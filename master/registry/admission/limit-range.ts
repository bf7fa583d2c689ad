/** What the LimitRanges of a namespace give and refuse. Pure. Source: Kubernetes's LimitRanger admission. */
import type * as core from 'kubernetes-types/core/v1';
import type { Container, KindMap, Pod } from '../../../shared/kubernetes/objects.ts';
import {
  type Amounts,
  amountsOf,
  podLimits,
  podRequests,
  formatAmount as shown,
} from '../../../shared/kubernetes/pod-requests.ts';

type LimitRange = KindMap['LimitRange'];
type Quantities = Readonly<Record<string, string | number>>;

/** The pod with the default requests and limits of its containers, the first range that names a resource winning. */
export function withLimitDefaults(pod: Pod, ranges: readonly LimitRange[]): Pod {
  const items = itemsOf(ranges, 'Container');
  if (items.length === 0) return pod;
  const fill = (container: Container): Container => items.reduce(filled, container);
  const { initContainers, containers } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: containers.map(fill),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(fill) }),
    },
  };
}

function itemsOf(ranges: readonly LimitRange[], type: string): readonly core.LimitRangeItem[] {
  return ranges.flatMap(({ spec }) => spec?.limits ?? []).filter(item => item.type === type);
}

function filled(container: Container, item: core.LimitRangeItem): Container {
  const limits = { ...item.default, ...container.resources?.limits };
  const requests = { ...item.defaultRequest, ...container.resources?.requests };
  return { ...container, resources: { ...container.resources, limits, requests } };
}

/** Everything about the pod that a range forbids, one sentence each. */
export function limitFaultsOfPod(pod: Pod, ranges: readonly LimitRange[]): readonly string[] {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap(({ resources }) =>
    itemsOf(ranges, 'Container').flatMap(item => faults(item, resources?.requests, resources?.limits)),
  );
  const [requests, limits] = [podRequests(pod.spec), podLimits(pod.spec)];
  const whole = itemsOf(ranges, 'Pod').flatMap(item => faultsOfAmounts(item, requests, limits));
  return [...containers, ...whole];
}

/** The same for a claim of storage. */
export function limitFaultsOfClaim(
  claim: KindMap['PersistentVolumeClaim'],
  ranges: readonly LimitRange[],
): readonly string[] {
  const requests = claim.spec?.resources?.requests;
  return itemsOf(ranges, 'PersistentVolumeClaim').flatMap(item => faults(item, requests, requests));
}

function faults(
  item: core.LimitRangeItem,
  requests: Quantities | undefined,
  limits: Quantities | undefined,
): readonly string[] {
  return faultsOfAmounts(item, amountsOf(requests), amountsOf(limits));
}

function faultsOfAmounts(item: core.LimitRangeItem, requests: Amounts, limits: Amounts): readonly string[] {
  const { type } = item;
  const least = Object.entries(item.min ?? {}).flatMap(([name, min]) => {
    const rule = `minimum ${name} usage per ${type} is ${min}`;
    const [bound = 0, request, limit] = [amountsOf({ [name]: min })[name], requests[name], limits[name]];
    if (request === undefined) return [`${rule}.  No request is specified`];
    if (request < bound) return [`${rule}, but request is ${shown(name, request)}`];
    return limit !== undefined && limit < bound ? [`${rule}, but limit is ${shown(name, limit)}`] : [];
  });
  const most = Object.entries(item.max ?? {}).flatMap(([name, max]) => {
    const rule = `maximum ${name} usage per ${type} is ${max}`;
    const [bound = 0, request, limit] = [amountsOf({ [name]: max })[name], requests[name], limits[name]];
    if (limit === undefined) return [`${rule}.  No limit is specified`];
    if (limit > bound) return [`${rule}, but limit is ${shown(name, limit)}`];
    return request !== undefined && request > bound
      ? [`${rule}, but request is ${shown(name, request)}`]
      : [];
  });
  const ratios = Object.entries(item.maxLimitRequestRatio ?? {}).flatMap(([name, max]) => {
    const rule = `${name} max limit to request ratio per ${type} is ${max}`;
    const [request = 0, limit = 0] = [requests[name], limits[name]];
    if (request === 0) return [`${rule}, but no request is specified or request is 0`];
    if (limit === 0) return [`${rule}, but no limit is specified or limit is 0`];
    const ratio = limit / request;
    return ratio > Number(max) ? [`${rule}, but provided ratio is ${ratio.toFixed(6)}`] : [];
  });
  return [...least, ...most, ...ratios];
}
