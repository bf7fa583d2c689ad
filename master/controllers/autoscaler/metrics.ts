/** What an autoscaler measures of the pods of its target, and the size that one metric asks for. Pure. */
import type { MetricSpec, MetricStatus } from 'kubernetes-types/autoscaling/v2';
import type { Container } from 'kubernetes-types/core/v1';
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
  /** Of the autoscaler. */
  readonly namespace: string;
  readonly pods: readonly Pod[];
  /** What the target's spec says. */
  readonly replicas: number;
  readonly usage: Pick<UsageReader, 'podUsage'>;
};

type Sample = { readonly pod: Pod; readonly value: number | undefined; readonly request: number };

/** The size that one metric asks for. Fails when it is of a kind that no node reports, or nobody has reported yet. */
export function measure({ metric, namespace, pods, replicas, usage }: MeasureInput): Measured {
  const source = metric.resource ?? metric.containerResource;
  if (source === undefined) return failure(metric, whyUnserved(metric, namespace));
  const { averageUtilization, averageValue } = source.target;
  const isRelative = averageUtilization !== undefined;
  const failed = (why: string) =>
    failure(metric, `failed to get ${source.name} ${isRelative ? 'utilization' : 'usage'}: ${why}`);
  if (source.name !== 'cpu' && source.name !== 'memory')
    return failed('did not receive metrics for targeted pods (pods might be unready)');
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
    return failed(
      `unable to get metrics for resource ${source.name}: no metrics returned from resource metrics API`,
    );
  const unasked = isRelative ? samples.find(({ request }) => request === 0) : undefined;
  if (unasked !== undefined) return failed(missingRequest(unasked.pod, unit, container));
  const target = isRelative ? averageUtilization / 100 : (unit.parse(averageValue ?? '') ?? 0);
  if (target <= 0) return failed('the target must be greater than 0');
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
function requestOf(pod: Pod, unit: Unit, container: string | undefined): number {
  const requests = containersOf(pod, container).map(each => requested(each, unit));
  return requests.includes(0) ? 0 : requests.reduce((sum, request) => sum + request, 0);
}

function missingRequest(pod: Pod, unit: Unit, container: string | undefined): string {
  const unasking = containersOf(pod, container).find(each => requested(each, unit) === 0);
  return unasking === undefined
    ? `container ${container} not found in Pod ${pod.metadata.name}`
    : `missing request for ${unit.resource} in container ${unasking.name} of Pod ${pod.metadata.name}`;
}

function containersOf({ spec }: Pod, container: string | undefined) {
  return spec.containers.filter(({ name }) => container === undefined || name === container);
}

function requested({ resources }: Container, { resource, parse }: Unit): number {
  return parse(resources?.requests?.[resource] ?? '') ?? 0;
}

function nameOf({ resource, containerResource }: MetricSpec): string {
  const { name = '', target } = resource ?? containerResource ?? {};
  const kind = containerResource === undefined ? 'resource' : 'container resource';
  return `${name} ${kind}${target?.averageUtilization === undefined ? '' : ' utilization (percentage of request)'}`;
}

function failure({ type }: MetricSpec, message: string): Measured {
  return { ok: false, reason: `FailedGet${type}Metric`, message };
}

/** As the autoscaler of a cluster says it that has no metrics but those of pods and nodes. */
function whyUnserved({ pods, object, external }: MetricSpec, namespace: string): string {
  const unregistered =
    'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';
  if (pods !== undefined) return `unable to get metric ${pods.metric.name}: ${unregistered}`;
  if (object !== undefined) {
    const { kind, name } = object.describedObject;
    return `unable to get metric ${object.metric.name}: ${kind} on ${namespace} ${name}/${unregistered}`;
  }
  const { name = '', selector } = external?.metric ?? {};
  const of = `${namespace}/${name}/${selector === undefined ? 'nil' : JSON.stringify(selector)}`;
  return `unable to get external metric ${of}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get ${name}.external.metrics.k8s.io)`;
}
