/** autoscaling/v2 HorizontalPodAutoscaler. */
import type {
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
  MetricTarget,
} from 'kubernetes-types/autoscaling/v2';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { HorizontalPodAutoscaler } from '../../../shared/kubernetes/objects.ts';
import { checkOneOf, checkRange, forbidden, invalidValue, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

const MAX_STABILIZATION_SECONDS = 3600;
const MAX_PERIOD_SECONDS = 1800;
/** Each type of metric and the member that describes it. */
const SOURCES = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;

export const horizontalPodAutoscaler: Kind<'HorizontalPodAutoscaler'> = {
  id: 'HorizontalPodAutoscaler',
  kind: 'HorizontalPodAutoscaler',
  group: 'autoscaling',
  version: 'v2',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  type: 'V2HorizontalPodAutoscaler',
  subresources: ['status'],
  columns: [
    {
      name: 'Reference',
      type: 'string',
      cell: ({ spec }) => `${spec.scaleTargetRef?.kind}/${spec.scaleTargetRef?.name}`,
    },
    { name: 'Targets', type: 'string', cell: shownTargets },
    { name: 'MinPods', type: 'string', cell: ({ spec }) => String(spec.minReplicas ?? '<unset>') },
    { name: 'MaxPods', type: 'integer', cell: ({ spec }) => spec.maxReplicas },
    { name: 'Replicas', type: 'integer', cell: ({ status }) => status?.currentReplicas ?? 0 },
    ageColumn,
  ],
  selectableFields: {},
  initialStatus: () => ({ desiredReplicas: 0 }),
  defaults(object) {
    const { spec } = object;
    if (spec === undefined) return object;
    const cpu: MetricSpec = {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
    };
    const { behavior } = spec;
    return {
      ...object,
      spec: {
        ...spec,
        minReplicas: spec.minReplicas ?? 1,
        metrics: (spec.metrics ?? []).length === 0 ? [cpu] : spec.metrics,
        ...(behavior === undefined
          ? {}
          : {
              behavior: {
                scaleUp: { ...SCALE_UP, ...behavior.scaleUp },
                scaleDown: { ...SCALE_DOWN, ...behavior.scaleDown },
              },
            }),
      },
    };
  },
  validate({ spec }) {
    const { minReplicas = 1, maxReplicas } = spec ?? {};
    if (spec === undefined) return [requiredValue('spec')];
    return [
      ...checkRange('spec.minReplicas', minReplicas, 1),
      ...(maxReplicas < 1 ? [invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0')] : []),
      ...(maxReplicas < minReplicas
        ? [invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`')]
        : []),
      ...(['kind', 'name'] as const).flatMap(field =>
        spec.scaleTargetRef?.[field] ? [] : [requiredValue(`spec.scaleTargetRef.${field}`)],
      ),
      ...(spec.metrics ?? []).flatMap((metric, index) => validateMetric(metric, `spec.metrics[${index}]`)),
      ...validateRules(spec.behavior?.scaleUp, 'spec.behavior.scaleUp'),
      ...validateRules(spec.behavior?.scaleDown, 'spec.behavior.scaleDown'),
    ];
  },
};

/** Upstream's defaults, once a behavior is given at all. */
const SCALE_UP: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const SCALE_DOWN: HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

function validateMetric(metric: MetricSpec, path: string): StatusCause[] {
  const types = Object.keys(SOURCES);
  if (!metric.type) return [requiredValue(`${path}.type`, 'must specify a metric source type')];
  const faults = checkOneOf(`${path}.type`, metric.type, types);
  if (faults.length > 0) return faults;
  const wanted = Object.entries(SOURCES).find(([type]) => type === metric.type)?.[1];
  const others = Object.values(SOURCES).filter(name => name !== wanted && metric[name] !== undefined);
  return [
    ...(wanted !== undefined && metric[wanted] === undefined
      ? [requiredValue(`${path}.${wanted}`, 'must populate information for the given metric source')]
      : []),
    ...others.map(name => forbidden(`${path}.${name}`, 'must populate the given metric source only')),
    ...(metric.resource === undefined ? [] : validateResource(metric.resource, `${path}.resource`)),
    ...(metric.containerResource === undefined
      ? []
      : validateResource(metric.containerResource, `${path}.containerResource`)),
  ];
}

type ResourceSource = { readonly name: string; readonly target: MetricTarget };

function validateResource({ name, target }: ResourceSource, path: string): StatusCause[] {
  const at = `${path}.target`;
  const hasUtilization = target?.averageUtilization !== undefined;
  const hasValue = target?.averageValue !== undefined;
  return [
    ...(name ? [] : [requiredValue(`${path}.name`, 'must specify a resource name')]),
    ...checkOneOf(`${at}.type`, target?.type, ['AverageValue', 'Utilization', 'Value']),
    ...(hasUtilization ? checkRange(`${at}.averageUtilization`, target.averageUtilization, 1) : []),
    ...(hasUtilization || hasValue
      ? []
      : [
          requiredValue(
            `${at}.averageUtilization`,
            'must set either a target raw value or a target utilization',
          ),
        ]),
    ...(hasUtilization && hasValue
      ? [forbidden(`${at}.averageValue`, 'may not set both a target raw value and a target utilization')]
      : []),
  ];
}

function validateRules(rules: HPAScalingRules | undefined, path: string): StatusCause[] {
  if (rules === undefined) return [];
  const { stabilizationWindowSeconds: window, policies = [] } = rules;
  return [
    ...(window !== undefined && window > MAX_STABILIZATION_SECONDS
      ? [
          invalidValue(
            `${path}.stabilizationWindowSeconds`,
            window,
            `must be less than or equal to ${MAX_STABILIZATION_SECONDS}`,
          ),
        ]
      : checkRange(`${path}.stabilizationWindowSeconds`, window, 0)),
    ...checkOneOf(`${path}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min']),
    ...(policies.length === 0 ? [requiredValue(`${path}.policies`, 'must specify at least one Policy')] : []),
    ...policies.flatMap(({ type, value, periodSeconds }, index) => {
      const at = `${path}.policies[${index}]`;
      return [
        ...checkOneOf(`${at}.type`, type, ['Percent', 'Pods']),
        ...(value <= 0 ? [invalidValue(`${at}.value`, value, 'must be greater than zero')] : []),
        ...(periodSeconds <= 0
          ? [invalidValue(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero')]
          : []),
        ...(periodSeconds > MAX_PERIOD_SECONDS
          ? [
              invalidValue(
                `${at}.periodSeconds`,
                periodSeconds,
                `must be less than or equal to ${MAX_PERIOD_SECONDS}`,
              ),
            ]
          : []),
      ];
    }),
  ];
}

/** `cpu: 12%/80%, memory: <unknown>/64Mi`, as kubectl describes targets. */
function shownTargets({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  return metrics.map((metric, index) => shownTarget(metric, status?.currentMetrics?.[index])).join(', ');
}

function shownTarget(metric: MetricSpec, current: MetricStatus | undefined): string {
  const source = metric.resource ?? metric.containerResource;
  if (source === undefined) return '<unknown>/<unknown>';
  const { averageUtilization, averageValue } = source.target;
  const now = (current?.resource ?? current?.containerResource)?.current;
  if (averageValue !== undefined)
    return `${source.name}: ${now?.averageValue ?? '<unknown>'}/${averageValue}`;
  const shown = now?.averageUtilization === undefined ? '<unknown>' : `${now.averageUtilization}%`;
  return `${source.name}: ${shown}/${averageUtilization === undefined ? '<auto>' : `${averageUtilization}%`}`;
}
