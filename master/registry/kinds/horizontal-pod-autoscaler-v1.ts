/**
 * autoscaling/v1 HorizontalPodAutoscaler: the stored autoscaling/v2 objects with one metric, the CPU. What v1 cannot say lies
 * in annotations, as in Kubernetes, so that writing back what was read loses nothing.
 */
import type * as v1 from 'kubernetes-types/autoscaling/v1';
import type * as v2 from 'kubernetes-types/autoscaling/v2';
import { isRecord } from '../../../shared/is-record.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import type { Kind } from '../kind.ts';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';

type Stored = KindMap['HorizontalPodAutoscaler'];
type Shown = Omit<v1.HorizontalPodAutoscaler, 'metadata'> & Pick<Stored, 'metadata'>;

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics';

export const horizontalPodAutoscalerV1: Kind<'HorizontalPodAutoscaler'> = {
  ...horizontalPodAutoscaler,
  version: 'v1',
  type: 'V1HorizontalPodAutoscaler',
  conversion: { toStored, fromStored },
};

function isCpuUtilization(metric: v2.MetricSpec): boolean {
  return metric.resource?.name === 'cpu' && metric.resource.target.averageUtilization !== undefined;
}

function fromStored({ apiVersion: _apiVersion, kind: _kind, metadata, spec, status }: Stored): Shown {
  const {
    metrics = [],
    behavior,
    ...same
  } = spec ?? { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } };
  const cpu = metrics.find(isCpuUtilization);
  const others = metrics.filter(metric => metric !== cpu);
  const current = status?.currentMetrics ?? [];
  const currentCpu = current.find(({ resource }) => resource?.name === 'cpu')?.resource?.current;
  const annotations = {
    ...metadata.annotations,
    ...(others.length === 0 ? {} : { [METRICS]: JSON.stringify(others) }),
    ...(behavior === undefined ? {} : { [BEHAVIOR]: JSON.stringify(behavior) }),
    ...(status?.conditions?.length ? { [CONDITIONS]: JSON.stringify(status.conditions) } : {}),
    ...(current.length === 0 ? {} : { [CURRENT_METRICS]: JSON.stringify(current) }),
  };
  const percent = cpu?.resource?.target.averageUtilization;
  const currentPercent = currentCpu?.averageUtilization;
  const {
    conditions: _conditions,
    currentMetrics: _current,
    ...sameStatus
  } = status ?? { desiredReplicas: 0 };
  return {
    metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations },
    spec: { ...same, ...(percent === undefined ? {} : { targetCPUUtilizationPercentage: percent }) },
    status: {
      ...sameStatus,
      currentReplicas: sameStatus.currentReplicas ?? 0,
      ...(currentPercent === undefined ? {} : { currentCPUUtilizationPercentage: currentPercent }),
    },
  };
}

function toStored({ metadata, spec, status, ...rest }: Shown): object {
  const {
    [METRICS]: metrics,
    [BEHAVIOR]: behavior,
    [CONDITIONS]: conditions,
    [CURRENT_METRICS]: currentMetrics,
    ...annotations
  } = metadata.annotations ?? {};
  const { targetCPUUtilizationPercentage: percent, ...same } = spec ?? {};
  const { currentCPUUtilizationPercentage: _percent, ...sameStatus } = status ?? {};
  const cpu = {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
  };
  const others = listFrom(metrics);
  const all = [...(percent === undefined ? [] : [cpu]), ...others];
  const restored = behavior === undefined ? undefined : parsed(behavior);
  return {
    ...rest,
    metadata: { ...metadata, ...(metadata.annotations === undefined ? {} : { annotations }) },
    ...(spec === undefined
      ? {}
      : {
          spec: {
            ...same,
            ...(all.length === 0 ? {} : { metrics: all }),
            ...(isRecord(restored) ? { behavior: restored } : {}),
          },
        }),
    ...(status === undefined
      ? {}
      : {
          status: {
            ...sameStatus,
            ...(conditions === undefined ? {} : { conditions: listFrom(conditions) }),
            ...(currentMetrics === undefined ? {} : { currentMetrics: listFrom(currentMetrics) }),
          },
        }),
  };
}

function listFrom(text: string | undefined): readonly unknown[] {
  const value = text === undefined ? undefined : parsed(text);
  return Array.isArray(value) ? value : [];
}

/** Undefined for what is no JSON: Kubernetes too goes on without it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
