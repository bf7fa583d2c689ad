/** What an autoscaler measures of the pods of its target, and the size that one metric asks for. Pure. */
import type { MetricSpec, MetricStatus } from 'kubernetes-types/autoscaling/v2';
import type { Pod } from '../../../shared/kubernetes/objects.ts';
import { isPodReady, isPodTerminal } from '../../../shared/kubernetes/pod-state.ts';
import { formatBytes, formatCpuMilli, parseBytes, parseCpuMilli } from '../../../shared/quantity.ts';
import type { UsageReader } from '../../watch/usage-reader.ts';

/** A ratio this close to 1 changes nothing: Kubernetes's default. */
const TOLERANCE = 0.1;

export type Measured =
  | { readonly ok: true; readonly replicas: number; readonly name: string; readonly status: MetricStatus }
  | { readonly ok: false; readonly reason: string; readonly message: string };

type MeasureInput = {
  readonly metric: MetricSpec;
  readonly pods: readonly Pod[];
  /** What the target's spec says. */
  readonly replicas: number;
  readonly usage: Pick<UsageReader, 'podUsage'>;
};

type Sample = { readonly pod: Pod; readonly value: number | undefined; readonly request: number };

/** The size that one metric asks for. Fails when it is of a kind that no node reports, or nobody has reported yet. */
export function measure({ metric, pods, replicas, usage }: MeasureInput): Measured {
  const source = metric.resource ?? metric.containerResource;
  if (source === undefined || (source.name !== 'cpu' && source.name !== 'memory'))
    return failure(metric, 'only the metrics cpu and memory of pods and containers are served');
  const unit = UNITS[source.name];
  const container = metric.containerResource?.container;
  const samples = pods
    .filter(pod => !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined)
    .map(pod => ({
      pod,
      value: usedBy(usage, pod, unit, container),
      request: requestOf(pod, unit, container),
    }));
  const known = samples.filter(({ value }) => value !== undefined);
  if (known.length === 0)
    return failure(
      metric,
      `unable to get metrics for resource ${source.name}: no metrics returned from resource metrics API`,
    );
  const { averageUtilization, averageValue } = source.target;
  const isRelative = averageUtilization !== undefined;
  const unasked = isRelative ? samples.find(({ request }) => request === 0) : undefined;
  if (unasked !== undefined)
    return failure(
      metric,
      `failed to get ${source.name} utilization: missing request for ${source.name} in container of Pod ${unasked.pod.metadata.name}`,
    );
  const target = isRelative ? averageUtilization / 100 : (unit.parse(averageValue ?? '') ?? 0);
  if (target <= 0) return failure(metric, 'the target must be greater than 0');
  // A pod's share of the target: of its request, or in absolute units.
  const shareOf = ({ request }: Sample) => target * (isRelative ? request : 1);
  const asked = sizeFor(samples, { shareOf, replicas, isCpu: source.name === 'cpu' });
  const total = known.reduce((sum, { value = 0 }) => sum + value, 0);
  const requested = known.reduce((sum, { request }) => sum + request, 0);
  const current = {
    averageValue: unit.format(Math.ceil(total / known.length)),
    ...(isRelative ? { averageUtilization: Math.floor((total * 100) / requested) } : {}),
  };
  const status: MetricStatus =
    metric.containerResource === undefined
      ? { type: 'Resource', resource: { name: source.name, current } }
      : {
          type: 'ContainerResource',
          containerResource: { name: source.name, container: container ?? '', current },
        };
  return { ok: true, replicas: asked, name: nameOf(metric), status };
}

/**
 * Usage over target, times the pods. Pods that are not ready count as idle when growing (their CPU says nothing yet); pods
 * without a figure count as idle when growing and as on target when shrinking, so that what is missing never moves the size.
 */
function sizeFor(
  samples: readonly Sample[],
  { shareOf, replicas, isCpu }: { shareOf: (sample: Sample) => number; replicas: number; isCpu: boolean },
): number {
  const isIdle = ({ pod, value }: Sample) => value === undefined || (isCpu && !isPodReady(pod));
  const counted = samples.filter(sample => !isIdle(sample));
  const others = samples.filter(isIdle);
  const ratioOf = (all: readonly { readonly used: number; readonly share: number }[]) => {
    const share = all.reduce((sum, each) => sum + each.share, 0);
    return share === 0 ? 1 : all.reduce((sum, each) => sum + each.used, 0) / share;
  };
  const measured = counted.map(sample => ({ used: sample.value ?? 0, share: shareOf(sample) }));
  const ratio = ratioOf(measured);
  if (counted.length === 0) return replicas;
  if (others.length === 0) return isOnTarget(ratio) ? replicas : Math.ceil(round(ratio * counted.length));
  const isGrowing = ratio > 1;
  // Ones that are not ready have no say in shrinking.
  const filled = others.flatMap(sample => {
    if (isGrowing) return [{ used: 0, share: shareOf(sample) }];
    return sample.value === undefined ? [{ used: shareOf(sample), share: shareOf(sample) }] : [];
  });
  const all = [...measured, ...filled];
  const corrected = ratioOf(all);
  if (isOnTarget(corrected) || (isGrowing ? corrected < 1 : corrected > 1)) return replicas;
  const size = Math.ceil(round(corrected * all.length));
  return isGrowing ? Math.max(size, replicas) : Math.min(size, replicas);
}

function isOnTarget(ratio: number): boolean {
  return Math.abs(ratio - 1) <= TOLERANCE + 1e-9;
}

/** Without what binary fractions add: 1.2 × 5 pods are 6, not 7. */
function round(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

type Unit = {
  readonly resource: 'cpu' | 'memory';
  readonly member: 'cpuMilli' | 'memoryBytes';
  parse(text: string): number | undefined;
  format(value: number): string;
};

const UNITS: Readonly<Record<'cpu' | 'memory', Unit>> = {
  cpu: { resource: 'cpu', member: 'cpuMilli', parse: parseCpuMilli, format: formatCpuMilli },
  memory: { resource: 'memory', member: 'memoryBytes', parse: parseBytes, format: formatBytes },
};

function usedBy(
  usage: Pick<UsageReader, 'podUsage'>,
  pod: Pod,
  { member }: Unit,
  container: string | undefined,
): number | undefined {
  const all = usage.podUsage(pod)?.filter(({ name }) => container === undefined || name === container);
  return all === undefined || all.length === 0 ? undefined : all.reduce((sum, each) => sum + each[member], 0);
}

/** What the containers ask for together; 0 when one of them asks for nothing. */
function requestOf({ spec }: Pod, { resource, parse }: Unit, container: string | undefined): number {
  const requests = spec.containers
    .filter(({ name }) => container === undefined || name === container)
    .map(({ resources }) => parse(resources?.requests?.[resource] ?? '') ?? 0);
  return requests.includes(0) ? 0 : requests.reduce((sum, request) => sum + request, 0);
}

function nameOf({ resource, containerResource }: MetricSpec): string {
  const { name = '', target } = resource ?? containerResource ?? {};
  const kind = containerResource === undefined ? 'resource' : 'container resource';
  return `${name} ${kind}${target?.averageUtilization === undefined ? '' : ' utilization (percentage of request)'}`;
}

function failure({ type }: MetricSpec, why: string): Measured {
  const reason = `FailedGet${type}Metric`;
  return { ok: false, reason, message: `failed to get ${type.toLowerCase()} metric value: ${why}` };
}
