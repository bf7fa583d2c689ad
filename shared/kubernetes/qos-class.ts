/** How well a pod is kept when its node runs short. Pure. */
import { compareQuantities } from '../quantity.ts';
import type { Container, PodSpec } from './objects.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

type Quantities = Readonly<Record<string, string>> | undefined;

const COUNTED = ['cpu', 'memory'];

/** By requests and limits of CPU and memory; a quantity of zero counts as none: pkg/apis/core/v1/helper/qos. */
export function qosClassOf(spec: Pick<PodSpec, 'containers' | 'initContainers'>): QosClass {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  if (containers.every(asksForNothing)) return 'BestEffort';
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

function asksForNothing({ resources }: Container): boolean {
  return !COUNTED.some(name => isPositive(resources?.limits, name) || isPositive(resources?.requests, name));
}

function isGuaranteed({ resources: { limits, requests } = {} }: Container): boolean {
  return COUNTED.every(
    name =>
      isPositive(limits, name) && compareQuantities(requests?.[name] ?? '0', limits?.[name] ?? '0') === 0,
  );
}

function isPositive(quantities: Quantities, name: string): boolean {
  return compareQuantities(quantities?.[name] ?? '0', '0') > 0;
}
