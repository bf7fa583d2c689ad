/** What sizes workloads and guards their size: autoscalers and disruption budgets, on custom resources with a scale too. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { controllerReference } from '../../shared/kubernetes/references.ts';
import type { Json } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';
import { aCronTab, crontabDefinition } from '../support/crontab.ts';

let plane: TestControlPlane;
/** Thousandths of a core that the pods of one app share. */
const WORK = 150;
beforeAll(async () => {
  plane = await startControlPlane({
    podUsage: ({ metadata }) => {
      const cpuMilli = WORK / podsOf(metadata.labels?.app ?? '').length;
      return [{ name: 'main', cpuMilli, memoryBytes: 1 }];
    },
  });
  await plane.addNode('n1', { allocatable: { cpu: '64', memory: '64Gi', pods: '110' } });
  const definition = crontabDefinition();
  await plane.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
  await plane.until(() =>
    (plane.cache.get('CustomResourceDefinition', definition.metadata)?.status?.conditions ?? []).some(
      ({ type, status }) => type === 'Established' && status === 'True',
    ),
  );
});
afterAll(() => plane.stop());

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const CRONTABS = '/apis/stable.example.com/v1/namespaces/default/crontabs';
const AUTOSCALERS = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const podSpec = { containers: [{ name: 'main', image: 'hello', resources: { requests: { cpu: '100m' } } }] };
const podsOf = (app: string) =>
  plane.cache.list('Pod', 'default').filter(({ metadata }) => metadata.labels?.app === app);
const areRunning = (app: string, count: number) => () =>
  podsOf(app).filter(({ status }) => status?.phase === 'Running').length === count;
const autoscale = (name: string, scaleTargetRef: Json) =>
  plane.create(AUTOSCALERS, {
    metadata: { name },
    spec: {
      minReplicas: 1,
      maxReplicas: 4,
      scaleTargetRef,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        },
      ],
    },
  });
const autoscaler = (name: string) =>
  plane.cache.get('HorizontalPodAutoscaler', { namespace: 'default', name });

/** A custom resource that says it runs these pods. */
async function aTab(app: string, replicas: number): Promise<void> {
  const tab = await plane.create(CRONTABS, aCronTab(app, { replicas }));
  await plane.patch(`${CRONTABS}/${app}/status`, { status: { replicas, labelSelector: `app=${app}` } });
  const owner = { ...controllerReference('Deployment', tab), apiVersion: tab.apiVersion, kind: tab.kind };
  for (let i = 0; i < replicas; i++)
    await plane.create('/api/v1/namespaces/default/pods', {
      metadata: { name: `${app}-${i}`, labels: { app }, ownerReferences: [owner] },
      spec: podSpec,
    });
  await plane.until(areRunning(app, replicas));
}

describe('an autoscaler', () => {
  it('makes a Deployment grow when its pods use more than they should', async () => {
    const spec = { replicas: 1, selector: { matchLabels: { app: 'busy' } } };
    const template = { metadata: { labels: { app: 'busy' } }, spec: podSpec };
    await plane.create(DEPLOYMENTS, { metadata: { name: 'busy' }, spec: { ...spec, template } });
    await plane.until(areRunning('busy', 1));
    await autoscale('busy', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'busy' });
    await plane.until(areRunning('busy', 3));
    expect(autoscaler('busy')?.status).toMatchObject({ desiredReplicas: 3 });
  });

  it('sizes a custom resource through its scale', async () => {
    await aTab('tab-busy', 1);
    await autoscale('tab-busy', { apiVersion: 'stable.example.com/v1', kind: 'CronTab', name: 'tab-busy' });
    await plane.until(() => autoscaler('tab-busy')?.status?.desiredReplicas === 3);
    expect((await plane.get(`${CRONTABS}/tab-busy`)).spec.replicas).toBe(3);
  });

  it('leaves the size alone when no API serves its metric, and says so', async () => {
    await aTab('tab-custom', 1);
    const target = { type: 'AverageValue', averageValue: '10' };
    const metrics = [{ type: 'Pods', pods: { metric: { name: 'requests' }, target } }];
    const scaleTargetRef = { apiVersion: 'stable.example.com/v1', kind: 'CronTab', name: 'tab-custom' };
    const spec = { scaleTargetRef, maxReplicas: 3, metrics };
    await plane.create(AUTOSCALERS, { metadata: { name: 'custom' }, spec });
    const active = () =>
      autoscaler('custom')?.status?.conditions?.find(({ type }) => type === 'ScalingActive');
    await plane.until(() => active() !== undefined);
    expect(active()).toMatchObject({
      status: 'False',
      reason: 'FailedGetPodsMetric',
      message: expect.stringMatching(
        /^the HPA was unable to compute the replica count: unable to get metric requests: /,
      ),
    });
    expect(autoscaler('custom')?.status).toMatchObject({ currentReplicas: 1, desiredReplicas: 0 });
  });
});

describe('a disruption budget', () => {
  it('asks a custom resource how many pods there should be', async () => {
    await aTab('tab-kept', 4);
    const selector = { matchLabels: { app: 'tab-kept' } };
    await plane.create(BUDGETS, { metadata: { name: 'kept' }, spec: { maxUnavailable: '50%', selector } });
    const status = () =>
      plane.cache.get('PodDisruptionBudget', { namespace: 'default', name: 'kept' })?.status;
    await plane.until(() => status()?.disruptionsAllowed === 2);
    expect(status()).toMatchObject({ expectedPods: 4, desiredHealthy: 2, currentHealthy: 4 });
    await plane.patch(`${CRONTABS}/tab-kept/scale`, { spec: { replicas: 8 } });
    await plane.until(() => status()?.expectedPods === 8);
    expect(status()).toMatchObject({ desiredHealthy: 4, disruptionsAllowed: 0 });
  });
});
