import type { MetricSpec } from 'kubernetes-types/autoscaling/v2';
import { describe, expect, it } from 'vitest';
import { aPod } from '../../../test/support/builders.ts';
import { measure } from './metrics.ts';

/** Two containers that use the same: the app asks for 100m, its sidecar for `sidecarCpu`. */
function measureOf(metric: MetricSpec, { sidecarCpu = '400m' }: { readonly sidecarCpu?: string } = {}) {
  const container = (name: string, cpu: string) => ({
    name,
    image: 'hello',
    resources: { requests: Object.fromEntries(cpu === '' ? [] : [['cpu', cpu]]) },
  });
  const pod = aPod({
    name: 'p',
    spec: { containers: [container('app', '100m'), container('side', sidecarCpu)] },
    ready: true,
  });
  const usage = {
    podUsage: () => [
      { name: 'app', cpuMilli: 100, memoryBytes: 4 * 1024 * 1024 },
      { name: 'side', cpuMilli: 100, memoryBytes: 1024 * 1024 },
    ],
  };
  return measure({ metric, namespace: 'default', pods: [pod], replicas: 1, usage });
}

const half = { type: 'Utilization', averageUtilization: 50 };
const ofContainer = (container: string): MetricSpec => ({
  type: 'ContainerResource',
  containerResource: { name: 'cpu', container, target: half },
});

describe('a metric of one container', () => {
  it('looks at that container alone', () => {
    expect(measureOf(ofContainer('app'))).toEqual({
      ok: true,
      replicas: 2,
      name: 'cpu container resource utilization (percentage of request)',
      status: {
        type: 'ContainerResource',
        containerResource: {
          name: 'cpu',
          container: 'app',
          current: { averageValue: '100m', averageUtilization: 100 },
        },
      },
    });
    expect(measureOf(ofContainer('side'))).toMatchObject({ ok: true, replicas: 1 });
  });

  it('needs no request of the others, as that of a whole pod does', () => {
    expect(measureOf(ofContainer('app'), { sidecarCpu: '' })).toMatchObject({ ok: true, replicas: 2 });
    const ofPod: MetricSpec = { type: 'Resource', resource: { name: 'cpu', target: half } };
    expect(measureOf(ofPod, { sidecarCpu: '' })).toEqual({
      ok: false,
      reason: 'FailedGetResourceMetric',
      message: 'failed to get cpu utilization: missing request for cpu in container side of Pod p',
    });
  });

  it('fails for a container that no pod has', () => {
    expect(measureOf(ofContainer('other'))).toEqual({
      ok: false,
      reason: 'FailedGetContainerResourceMetric',
      message:
        'failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API',
    });
  });

  it('takes an absolute target', () => {
    const target = { type: 'AverageValue', averageValue: '2Mi' };
    const metric = {
      type: 'ContainerResource',
      containerResource: { name: 'memory', container: 'app', target },
    };
    expect(measureOf(metric)).toMatchObject({ ok: true, replicas: 2, name: 'memory container resource' });
  });
});

const metric = { name: 'requests' };
const target = { type: 'AverageValue', averageValue: '10' };
const custom =
  'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';

it.each([
  {
    spec: { type: 'Pods', pods: { metric, target } },
    reason: 'FailedGetPodsMetric',
    message: `unable to get metric requests: ${custom}`,
  },
  {
    spec: { type: 'Object', object: { metric, target, describedObject: { kind: 'Ingress', name: 'main' } } },
    reason: 'FailedGetObjectMetric',
    message: `unable to get metric requests: Ingress on default main/${custom}`,
  },
  {
    spec: { type: 'External', external: { metric, target } },
    reason: 'FailedGetExternalMetric',
    message:
      'unable to get external metric default/requests/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get requests.external.metrics.k8s.io)',
  },
])('a metric of type $spec.type fails as without an API that serves it', ({ spec, reason, message }) => {
  expect(measureOf(spec)).toEqual({ ok: false, reason, message });
});
