/** One stored object in every version that it is served in. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const CORE = '/api/v1/namespaces/default/events';
const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';
const AUTOSCALERS = '/namespaces/default/horizontalpodautoscalers';

it('serves core and events.k8s.io events as the same objects', async () => {
  const created = await api.call(EVENTS, {
    method: 'POST',
    body: {
      metadata: { name: 'seen' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      note: 'it works',
      regarding: { kind: 'Pod', name: 'p' },
      reportingController: 'tester',
      deprecatedCount: 2,
    },
  });
  expect([created.code, created.json().apiVersion, created.json().note]).toEqual([
    201,
    'events.k8s.io/v1',
    'it works',
  ]);
  expect((await api.call(`${CORE}/seen`)).json()).toMatchObject({
    apiVersion: 'v1',
    message: 'it works',
    involvedObject: { kind: 'Pod', name: 'p' },
    reportingComponent: 'tester',
    count: 2,
  });
  const patched = await api.call(`${EVENTS}/seen`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { note: 'still' },
  });
  expect(patched.json()).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'still', deprecatedCount: 2 });
  const selected = await api.call(`${EVENTS}?limit=1&fieldSelector=regarding.name%3Dp`);
  expect(selected.json().items).toMatchObject([{ apiVersion: 'events.k8s.io/v1', note: 'still' }]);
  const watched = await api.call(`${EVENTS}?watch=true&timeoutSeconds=1`);
  expect(JSON.parse(watched.text.split('\n')[0] ?? '')).toMatchObject({
    type: 'ADDED',
    object: { note: 'still' },
  });
});

it('keeps in version 1 of an autoscaler what only version 2 can say', async () => {
  const v2 = `/apis/autoscaling/v2${AUTOSCALERS}`;
  const v1 = `/apis/autoscaling/v1${AUTOSCALERS}`;
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const created = await api.call(v1, {
    method: 'POST',
    body: {
      metadata: { name: 'web' },
      spec: { maxReplicas: 3, scaleTargetRef, targetCPUUtilizationPercentage: 80 },
    },
  });
  expect([created.code, created.json().spec.targetCPUUtilizationPercentage]).toEqual([201, 80]);
  const stored = (await api.call(`${v2}/web`)).json();
  const cpu = {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
  };
  expect(stored.spec.metrics).toEqual([cpu]);
  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } },
  };
  stored.spec.metrics.push(memory);
  expect((await api.call(`${v2}/web`, { method: 'PUT', body: stored })).code).toBe(200);
  const patched = await api.call(`${v1}/web`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/strategic-merge-patch+json' },
    body: { spec: { targetCPUUtilizationPercentage: 50 } },
  });
  expect(patched.json()).toMatchObject({ spec: { targetCPUUtilizationPercentage: 50 } });
  expect((await api.call(`${v1}/web`)).json()).toMatchObject({
    apiVersion: 'autoscaling/v1',
    spec: { maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
  });
  const { spec, metadata } = (await api.call(`${v2}/web`)).json();
  expect(spec.metrics).toEqual([
    { ...cpu, resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
    memory,
  ]);
  expect(metadata.annotations).toBeUndefined();
});

it('applies version 1 of an autoscaler to what is stored in version 2', async () => {
  const target = `/apis/autoscaling/v1${AUTOSCALERS}/applied`;
  const applied = await api.call(`${target}?fieldManager=tester`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'applied' },
      spec: {
        maxReplicas: 2,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        targetCPUUtilizationPercentage: 70,
      },
    },
  });
  expect(applied.json()).toMatchObject({
    apiVersion: 'autoscaling/v1',
    spec: { targetCPUUtilizationPercentage: 70 },
    metadata: { managedFields: [{ manager: 'tester', operation: 'Apply', apiVersion: 'autoscaling/v2' }] },
  });
});
