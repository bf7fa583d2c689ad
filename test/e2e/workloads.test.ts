/** Jobs, StatefulSets and disruption budgets with real containers, through kubectl. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { type ClusterApi, nameOf, openClusterApi } from './support/cluster-api.ts';
import { kubectlOn } from './support/kubectl.ts';
import { until } from './support/until.ts';
import { aDeployment } from './support/workloads.ts';

let cluster: TestCluster;
let api: ClusterApi;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
  api = openClusterApi(cluster.kubeconfig);
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

const { kubectl, ok } = kubectlOn(() => cluster);

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  it('runs a Job to its end', async () => {
    const template = aDeployment({
      name: 'sum',
      script: 'echo index $JOB_COMPLETION_INDEX on $(hostname); exit 0',
      spec: { restartPolicy: 'Never' },
    }).spec?.template;
    await ok('apply -f -', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'sum' },
      spec: { completions: 3, parallelism: 2, completionMode: 'Indexed', template },
    });
    expect(await ok('wait --for=condition=Complete job/sum --timeout=90s')).toBe(
      'job.batch/sum condition met\n',
    );
    const logs = await ok('logs -l job-name=sum');
    expect(logs.trim().split('\n').sort()).toEqual([0, 1, 2].map(i => `index ${i} on sum-${i}`));
    expect(await ok('get job sum')).toMatch(/^sum +Complete +3\/3 /m);
    const job = JSON.parse(await ok('get job sum -o json'));
    expect(job.status).toMatchObject({ succeeded: 3, completedIndexes: '0-2' });
    await ok('delete job sum');
    await until(async () => expect(await api.pods('sum')).toEqual([]));
  });

  it('gives a Job up that keeps failing', async () => {
    const template = aDeployment({ name: 'bad', script: 'exit 3', spec: { restartPolicy: 'Never' } }).spec
      ?.template;
    await ok('apply -f -', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'bad' },
      spec: { backoffLimit: 0, template },
    });
    expect(await ok('wait --for=condition=Failed job/bad --timeout=90s')).toBe(
      'job.batch/bad condition met\n',
    );
    expect(await ok('describe job bad')).toMatch(
      /BackoffLimitExceeded .*Job has reached the specified backoff limit/,
    );
    await ok('delete job bad');
  });

  it('starts a Job from a CronJob', async () => {
    const template = aDeployment({ name: 'tick', script: 'exit 0', spec: { restartPolicy: 'Never' } }).spec
      ?.template;
    const spec = { schedule: '0 0 1 1 *', jobTemplate: { spec: { template } } };
    await ok('apply -f -', { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'tick' }, spec });
    expect(await ok('create job now --from=cronjob/tick')).toBe('job.batch/now created\n');
    await ok('wait --for=condition=Complete job/now --timeout=90s');
    await ok('delete cronjob tick');
    await until(async () => expect(await ok('get jobs -o name')).toBe(''));
  });

  it('rolls a StatefulSet from its last pod to its first, and back', async () => {
    const { selector, template } = aDeployment({ name: 'db' }).spec ?? {};
    const spec = { serviceName: 'db', replicas: 2, selector, template };
    await ok('apply -f -', { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' }, spec });
    await ok('rollout status statefulset/db --timeout=90s');
    expect((await api.pods('db')).map(nameOf).sort()).toEqual(['db-0', 'db-1']);
    expect(await ok('get sts db')).toMatch(/^db +2\/2 /m);
    await ok('set env statefulset/db STEP=2');
    await ok('rollout status statefulset/db --timeout=90s');
    const steps = async () =>
      (await api.pods('db')).map(pod => pod.spec?.containers[0]?.env?.[0]?.value ?? 'none');
    expect(await steps()).toEqual(['2', '2']);
    expect((await ok('rollout history statefulset/db')).trim().split('\n').slice(2)).toHaveLength(2);
    await ok('rollout undo statefulset/db');
    await ok('rollout status statefulset/db --timeout=90s');
    expect(await steps()).toEqual(['none', 'none']);
    await ok('delete statefulset db');
    await until(async () => expect(await api.pods('db')).toEqual([]));
  });

  it('drains no faster than a budget allows', async () => {
    await ok('apply -f -', aDeployment({ name: 'web', replicas: 2 }));
    await api.untilReady('web', 2);
    await ok('create pdb web --selector=app=web --min-available=2');
    const [pod] = await api.pods('web');
    const node = pod?.spec?.nodeName ?? '';
    await until(async () => expect(await ok('get pdb web')).toMatch(/^web +2 +N\/A +0 /m));
    const blocked = await kubectl(`drain ${node} --timeout=2s`);
    expect(blocked.code).toBe(1);
    expect(blocked.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    expect((await api.pods('web')).some(each => nameOf(each) === nameOf(pod ?? {}))).toBe(true);
    await ok('patch pdb web -p {"spec":{"minAvailable":1}}');
    expect(await ok(`drain ${node} --timeout=90s`)).toContain(`node/${node} drained`);
    const moved = await api.untilReady('web', 2);
    expect(moved.map(each => each.spec?.nodeName)).not.toContain(node);
    await ok(`uncordon ${node}`);
  });
});
