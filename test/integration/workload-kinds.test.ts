/** What the API fills in and refuses of workloads, in the words that kubectl shows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const PATHS = {
  Job: ['batch/v1', 'jobs'],
  CronJob: ['batch/v1', 'cronjobs'],
  StatefulSet: ['apps/v1', 'statefulsets'],
  DaemonSet: ['apps/v1', 'daemonsets'],
  PodDisruptionBudget: ['policy/v1', 'poddisruptionbudgets'],
  HorizontalPodAutoscaler: ['autoscaling/v2', 'horizontalpodautoscalers'],
} as const;
type KindOfTest = keyof typeof PATHS;

function post(kind: KindOfTest, name: string, spec: unknown) {
  const [apiVersion, plural] = PATHS[kind];
  const body = { apiVersion, kind, metadata: { name }, spec };
  return api.call(`/apis/${apiVersion}/namespaces/default/${plural}`, { method: 'POST', body });
}

const labels = { app: 'x' };
const containers = [{ name: 'main', image: 'hello' }];
const never = { spec: { restartPolicy: 'Never', containers } };
const template = { metadata: { labels }, spec: { containers } };
const selector = { matchLabels: labels };

describe('what is left open', () => {
  it('is filled in for a Job: one pod, and a selector by its own uid', async () => {
    const job = (await post('Job', 'one', { template: never })).json();
    const uid = job.metadata.uid;
    expect(job.spec).toMatchObject({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      podReplacementPolicy: 'TerminatingOrFailed',
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
      template: { metadata: { labels: { 'job-name': 'one', 'controller-uid': uid } } },
    });
  });

  it('is filled in for a StatefulSet and an autoscaler', async () => {
    expect((await post('StatefulSet', 'set', { selector, template })).json().spec).toMatchObject({
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    });
    const target = { kind: 'Deployment', name: 'web' };
    expect(
      (await post('HorizontalPodAutoscaler', 'hpa', { maxReplicas: 3, scaleTargetRef: target })).json().spec,
    ).toMatchObject({ minReplicas: 1, metrics: [{ resource: { target: { averageUtilization: 80 } } }] });
  });
});

describe('what is wrong', () => {
  const rolling = { maxSurge: 1, maxUnavailable: 1 };
  it.each<[KindOfTest, unknown, string]>([
    [
      'Job',
      { template: { spec: { containers } } },
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
    [
      'Job',
      { template: never, completionMode: 'Indexed', parallelism: 2 },
      'spec.completions: Required value: when completion mode is Indexed',
    ],
    [
      'CronJob',
      { schedule: '* *', jobTemplate: { spec: { template: never } } },
      'spec.schedule: Invalid value: "* *": expected exactly 5 fields, found 2: [* *]',
    ],
    [
      'CronJob',
      { schedule: '@daily', timeZone: 'Mars/Base', jobTemplate: { spec: { template: never } } },
      'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
    ],
    [
      'DaemonSet',
      { selector, template, updateStrategy: { type: 'RollingUpdate', rollingUpdate: rolling } },
      'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when `maxUnavailable` is not 0',
    ],
    [
      'PodDisruptionBudget',
      { minAvailable: '101%' },
      'spec.minAvailable: Invalid value: "101%": must not be greater than 100%',
    ],
    [
      'HorizontalPodAutoscaler',
      { minReplicas: 5, maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'web' } },
      'spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`',
    ],
  ])('is refused: %s %j', async (kind, spec, message) => {
    const answer = await post(kind, 'bad', spec);
    expect([answer.code, answer.json().message]).toEqual([422, expect.stringContaining(message)]);
  });

  it('is refused of what may not change', async () => {
    await post('Job', 'kept', { template: never });
    const patch = (spec: unknown) =>
      api.call('/apis/batch/v1/namespaces/default/jobs/kept', {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { spec },
      });
    expect((await patch({ completions: 2 })).json().message).toContain(
      'spec.completions: Invalid value: 2: field is immutable',
    );
    expect((await patch({ parallelism: 2, suspend: true })).code).toBe(200);
  });
});
