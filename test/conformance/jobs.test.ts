/** Jobs, CronJobs and disruption budgets: what Kubernetes's conformance tests say of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job, Pod } from '../../shared/kubernetes/objects.ts';
import { isPodActive } from '../../shared/kubernetes/pod-state.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import type { Json } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  for (const name of ['n1', 'n2']) await plane.addNode(name);
});
afterAll(() => plane.stop());

const CORE = '/api/v1/namespaces/default';
const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const CRON_JOBS = '/apis/batch/v1/namespaces/default/cronjobs';
const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const template = (image: string) => ({
  spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] },
});
const make = (name: string, image: string, spec: Json = {}) =>
  plane.create(JOBS, { metadata: { name }, spec: { template: template(image), ...spec } });
const job = (name: string): Job | undefined => plane.cache.get('Job', { namespace: 'default', name });
const podsOf = (name: string): readonly Pod[] =>
  plane.cache.list('Pod', 'default').filter(pod => pod.metadata.labels?.['job-name'] === name);
const condition = (name: string, type: string) =>
  job(name)?.status?.conditions?.find(each => each.type === type && each.status === 'True');

describe('a Job', () => {
  it('runs as many pods as it wants completions, and is then complete', async () => {
    await make('sums', 'exit-0', { completions: 3, parallelism: 2 });
    await plane.until(() => condition('sums', 'Complete') !== undefined);
    expect(job('sums')?.status).toMatchObject({ succeeded: 3, completionTime: expect.any(String) });
  });

  it('adopts an orphan of its labels, and lets go of a pod that lost them', async () => {
    await make('adopts', 'hello', { parallelism: 2, completions: 2 });
    const active = () => podsOf('adopts').filter(isPodActive);
    await plane.until(() => active().length === 2);
    const [pod] = active();
    const path = `${CORE}/pods/${pod?.metadata.name}`;
    const owner = () =>
      plane.cache
        .get('Pod', { namespace: 'default', name: String(pod?.metadata.name) })
        ?.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
    await plane.patch(path, { metadata: { ownerReferences: null } });
    await plane.until(() => owner() === job('adopts')?.metadata.uid);
    const none = Object.fromEntries(Object.keys(pod?.metadata.labels ?? {}).map(name => [name, null]));
    await plane.patch(path, { metadata: { labels: none } });
    await plane.until(() => owner() === undefined && active().length === 2);
    await plane.remove(`${JOBS}/adopts`, { propagationPolicy: 'Background' });
    await plane.until(() => active().length === 0);
  });

  it('gives each pod of an indexed one its index, host name and variable', async () => {
    await make('indexed', 'exit-0', { completions: 3, parallelism: 3, completionMode: 'Indexed' });
    await plane.until(() => condition('indexed', 'Complete') !== undefined);
    const index = 'batch.kubernetes.io/job-completion-index';
    const pods = [...podsOf('indexed')].sort((a, b) =>
      String(a.spec.hostname) < String(b.spec.hostname) ? -1 : 1,
    );
    expect(pods.map(({ spec }) => spec.hostname)).toEqual(['indexed-0', 'indexed-1', 'indexed-2']);
    for (const [i, { metadata, spec }] of pods.entries()) {
      expect([metadata.annotations?.[index], metadata.labels?.[index]]).toEqual([String(i), String(i)]);
      expect(spec.containers[0]?.env).toContainEqual({
        name: 'JOB_COMPLETION_INDEX',
        valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${index}']` } },
      });
    }
    expect(job('indexed')?.status?.completedIndexes).toBe('0-2');
  });

  it('fails at once when its policy says so of an exit code', async () => {
    const onExitCodes = { operator: 'In', values: [3] };
    const podFailurePolicy = { rules: [{ action: 'FailJob', onExitCodes }] };
    await make('early', 'exit-3', { backoffLimit: 6, podFailurePolicy });
    await plane.until(() => condition('early', 'Failed') !== undefined);
    expect(condition('early', 'Failed')).toMatchObject({ reason: 'PodFailurePolicy' });
    expect(podsOf('early')).toHaveLength(1);
  });

  it('does not count pods that were evicted when its policy ignores them', async () => {
    const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }];
    const podFailurePolicy = { rules: [{ action: 'Ignore', onPodConditions }] };
    await make('patient', 'hello', { backoffLimit: 0, podFailurePolicy });
    const running = () => podsOf('patient').find(({ status }) => status?.phase === 'Running');
    await plane.until(() => running() !== undefined);
    const pod = running();
    plane.kubelets.hold();
    const name = String(pod?.metadata.name);
    await plane.create(`${CORE}/pods/${name}/eviction`, { metadata: { name } });
    const evicted = plane.cache.get('Pod', { namespace: 'default', name });
    expect(evicted?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI', status: 'True' }),
    );
    if (evicted !== undefined) await plane.kubelets.report(evicted, { phase: 'Failed' });
    plane.kubelets.release();
    await plane.until(() => running() !== undefined && running()?.metadata.uid !== pod?.metadata.uid);
    expect(condition('patient', 'Failed')).toBeUndefined();
    expect(job('patient')?.status?.failed ?? 0).toBe(0);
  });

  it('is suspended: no pods, and those there are go; and resumed', async () => {
    await make('paused', 'hello', { suspend: true });
    await plane.until(() => condition('paused', 'Suspended') !== undefined);
    expect(podsOf('paused')).toEqual([]);
    await plane.patch(`${JOBS}/paused`, { spec: { suspend: false } });
    await plane.until(() => job('paused')?.status?.active === 1);
    await plane.patch(`${JOBS}/paused`, { spec: { suspend: true } });
    await plane.until(() => podsOf('paused').filter(isPodActive).length === 0);
  });

  it('goes with its pods when its time to live is over', async () => {
    await make('brief', 'exit-0', { ttlSecondsAfterFinished: 0 });
    await plane.until(() => job('brief') === undefined && podsOf('brief').length === 0);
  });
});

describe('a CronJob', () => {
  /** Due since a minute ago; made suspended, for its last time can only be said afterwards. */
  async function dueNow(name: string, spec: Json): Promise<void> {
    const jobTemplate = { spec: { template: template('hello') } };
    await plane.create(CRON_JOBS, {
      metadata: { name },
      spec: { schedule: '* * * * *', suspend: true, jobTemplate, ...spec },
    });
    await makeDue(name);
    await plane.patch(`${CRON_JOBS}/${name}`, { spec: { suspend: false } });
  }
  const makeDue = (name: string) =>
    plane.patch(`${CRON_JOBS}/${name}/status`, {
      status: { lastScheduleTime: formatTime(Date.now() - 61_000) },
    });
  const cronJob = (name: string) => plane.cache.get('CronJob', { namespace: 'default', name });
  const jobsOf = (name: string) => plane.cache.ownedBy('Job', String(cronJob(name)?.metadata.uid));
  /** A Job of an earlier minute that is still under way. */
  async function running(name: string): Promise<Json> {
    const { uid } = await plane
      .create(CRON_JOBS, {
        metadata: { name },
        spec: {
          schedule: '* * * * *',
          suspend: true,
          jobTemplate: { spec: { template: template('hello') } },
        },
      })
      .then(made => made.metadata);
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true };
    const metadata = { name: `${name}-1`, ownerReferences: [owner] };
    const made = await plane.create(JOBS, { metadata, spec: { template: template('hello') } });
    await plane.until(() => cronJob(name)?.status?.active?.length === 1);
    return made;
  }
  const resume = async (name: string, concurrencyPolicy: string) => {
    await makeDue(name);
    await plane.patch(`${CRON_JOBS}/${name}`, { spec: { suspend: false, concurrencyPolicy } });
  };

  it('makes a Job when it is due, and none while it is suspended', async () => {
    await dueNow('ticks', {});
    await plane.until(() => jobsOf('ticks').length === 1);
    await plane.until(() => cronJob('ticks')?.status?.active?.length === 1);
    await plane.create(CRON_JOBS, {
      metadata: { name: 'asleep' },
      spec: { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template: template('hello') } } },
    });
    await makeDue('asleep');
    await plane.patch(`${CRON_JOBS}/asleep`, { metadata: { labels: { woken: 'yes' } } });
    expect(jobsOf('asleep')).toEqual([]);
  });

  it('lets Jobs run side by side', async () => {
    await running('allows');
    await resume('allows', 'Allow');
    await plane.until(() => jobsOf('allows').length === 2 && cronJob('allows')?.status?.active?.length === 2);
  });

  it('or waits for the one that runs', async () => {
    const before = await running('forbids');
    const [pod] = podsOf(before.metadata.name);
    const ended = () => job(before.metadata.name)?.status?.succeeded === 1;
    const made = plane.until(() => {
      const isNext = jobsOf('forbids').length === 2;
      if (isNext) expect(ended()).toBe(true);
      return isNext;
    });
    await resume('forbids', 'Forbid');
    if (pod !== undefined) await plane.kubelets.report(pod, { phase: 'Succeeded' });
    await made;
  });

  it('or replaces the one that runs', async () => {
    const before = await running('replaces');
    await resume('replaces', 'Replace');
    await plane.until(
      () => jobsOf('replaces').length === 1 && jobsOf('replaces')[0]?.metadata.uid !== before.metadata.uid,
    );
  });
});

describe('a PodDisruptionBudget', () => {
  it('says how many pods may go, and blocks an eviction until it is changed', async () => {
    const spec = {
      replicas: 3,
      selector: { matchLabels: { app: 'guarded' } },
      template: {
        metadata: { labels: { app: 'guarded' } },
        spec: { containers: [{ name: 'main', image: 'hello' }] },
      },
    };
    await plane.create('/apis/apps/v1/namespaces/default/replicasets', {
      metadata: { name: 'guarded' },
      spec,
    });
    const budget = { minAvailable: 3, selector: { matchLabels: { app: 'guarded' } } };
    await plane.create(BUDGETS, { metadata: { name: 'guard' }, spec: budget });
    const status = () =>
      plane.cache.get('PodDisruptionBudget', { namespace: 'default', name: 'guard' })?.status;
    await plane.until(() => status()?.currentHealthy === 3);
    expect(status()).toMatchObject({ expectedPods: 3, desiredHealthy: 3, disruptionsAllowed: 0 });
    const [pod] = plane.cache.list('Pod', 'default').filter(each => each.metadata.labels?.app === 'guarded');
    const name = String(pod?.metadata.name);
    const evict = () =>
      plane.call(`${CORE}/pods/${name}/eviction`, { method: 'POST', body: { metadata: { name } } });
    expect((await evict()).json()).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      details: { causes: [{ reason: 'DisruptionBudget' }] },
    });
    await plane.patch(`${BUDGETS}/guard`, { spec: { minAvailable: 2 } });
    await plane.until(() => status()?.disruptionsAllowed === 1);
    expect((await evict()).code).toBe(201);
  });
});
