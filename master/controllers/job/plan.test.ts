import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job, Pod } from '../../../shared/kubernetes/objects.ts';
import { isPodActive } from '../../../shared/kubernetes/pod-state.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';
import { aCluster, converge, given, NOW_MS } from '../../../test/support/converge.ts';
import type { FakeCluster } from '../../../test/support/fake-cluster.ts';
import { jobController } from './plan.ts';
import { indexOf, isTracked } from './pods.ts';

const ref = { namespace: 'default', name: 'sum' };
const HOUR_MS = 3_600_000;

function aJob(spec: Partial<Job['spec']> = {}): Job {
  const labels = { app: 'sum' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...ref, uid: '', resourceVersion: '', creationTimestamp: '2023-11-14T22:13:20Z' },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'hello' }] },
      },
      ...spec,
    },
  };
}

function aWorld(spec: Partial<Job['spec']> = {}) {
  let nowMs = NOW_MS;
  const cluster = aCluster();
  given(cluster, 'Job', aJob(spec));
  const active = () => cluster.view.list('Pod').filter(isPodActive);
  return {
    cluster,
    active,
    job: () => cluster.view.get('Job', ref),
    types: () =>
      (cluster.view.get('Job', ref)?.status?.conditions ?? [])
        .filter(({ status }) => status === 'True')
        .map(({ type, reason }) => `${type} ${reason}`),
    /** Plans until nothing is left to do, an hour later: every back-off is over. */
    async rest() {
      nowMs += HOUR_MS;
      return converge(jobController, cluster, { nowMs });
    },
    end: (pod: Pod, exitCode: number) => end(cluster, pod, exitCode),
    change(spec: Partial<Job['spec']>) {
      const job = cluster.view.get('Job', ref);
      if (job !== undefined) cluster.update('Job', { ...job, spec: { ...job.spec, ...spec } });
    },
  };
}

function end(cluster: FakeCluster, pod: Pod, exitCode: number): void {
  const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
  const terminated = { exitCode, finishedAt: formatTime(NOW_MS) };
  const main = { name: 'main', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated } };
  const current = cluster.view.get('Pod', pod.metadata);
  if (current !== undefined)
    cluster.updateStatus('Pod', { ...current, status: { phase, containerStatuses: [main] } });
}

describe('Job', () => {
  it('runs as many pods at once as it may until enough have succeeded, and says so', async () => {
    const world = aWorld({ completions: 3, parallelism: 2 });
    await world.rest();
    expect(world.active()).toHaveLength(2);
    expect(world.active().every(isTracked)).toBe(true);
    for (const pod of world.active()) world.end(pod, 0);
    await world.rest();
    expect(world.active()).toHaveLength(1);
    expect(world.job()?.status).toMatchObject({ succeeded: 2, active: 1, uncountedTerminatedPods: {} });
    for (const pod of world.active()) world.end(pod, 0);
    const { events } = await world.rest();
    expect(world.types()).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
    expect(world.job()?.status).toMatchObject({ succeeded: 3, active: 0 });
    expect(world.job()?.status?.completionTime).toBeDefined();
    expect(events.map(({ reason }) => reason)).toEqual(['Completed']);
    expect(world.cluster.view.list('Pod').some(isTracked)).toBe(false);
  });

  it('gives up after backoffLimit failures, and waits longer after each', async () => {
    const world = aWorld({ backoffLimit: 1 });
    await world.rest();
    for (const pod of world.active()) world.end(pod, 1);
    await converge(jobController, world.cluster, { nowMs: NOW_MS + 9000 });
    expect(world.active()).toHaveLength(0);
    await converge(jobController, world.cluster, { nowMs: NOW_MS + 10_000 });
    expect(world.active()).toHaveLength(1);
    for (const pod of world.active()) world.end(pod, 1);
    await world.rest();
    expect(world.types()).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
    expect(world.job()?.status).toMatchObject({ failed: 2 });
  });

  it('fails at its deadline and stops its pods first', async () => {
    const world = aWorld({ activeDeadlineSeconds: 60 });
    await converge(jobController, world.cluster);
    const [pod] = world.active();
    if (pod !== undefined) world.cluster.bind(pod.metadata, 'n1');
    await world.rest();
    expect(world.active()).toHaveLength(0);
    expect(world.types()).toEqual(['FailureTarget DeadlineExceeded']);
    world.cluster.delete('Pod', pod?.metadata ?? ref, { gracePeriodSeconds: 0 });
    await world.rest();
    expect(world.types()).toEqual(['FailureTarget DeadlineExceeded', 'Failed DeadlineExceeded']);
  });

  it('gives each index its pod, and knows which are done', async () => {
    const world = aWorld({ completions: 4, parallelism: 3, completionMode: 'Indexed' });
    await world.rest();
    expect(world.active().map(indexOf).sort()).toEqual([0, 1, 2]);
    const [first] = world.active().filter(pod => indexOf(pod) === 1);
    expect(first?.spec.hostname).toBe('sum-1');
    expect(first?.spec.containers[0]?.env?.[0]?.name).toBe('JOB_COMPLETION_INDEX');
    for (const pod of world.active()) if (indexOf(pod) !== 0) world.end(pod, 0);
    await world.rest();
    expect(world.job()?.status?.completedIndexes).toBe('1,2');
    expect(world.active().map(indexOf).sort()).toEqual([0, 3]);
    for (const pod of world.active()) world.end(pod, 0);
    await world.rest();
    expect(world.job()?.status).toMatchObject({ completedIndexes: '0-3', succeeded: 4 });
  });

  it('fails an index alone, and goes on with the others', async () => {
    const world = aWorld({
      completions: 2,
      parallelism: 2,
      completionMode: 'Indexed',
      backoffLimit: 100,
      backoffLimitPerIndex: 1,
    });
    for (let i = 0; i < 2; i++) {
      await world.rest();
      for (const pod of world.active()) if (indexOf(pod) === 1) world.end(pod, 1);
    }
    await world.rest();
    expect(world.job()?.status?.failedIndexes).toBe('1');
    expect(world.active().map(indexOf)).toEqual([0]);
    for (const pod of world.active()) world.end(pod, 0);
    await world.rest();
    expect(world.types()).toEqual(['FailureTarget FailedIndexes', 'Failed FailedIndexes']);
    expect(world.job()?.status).toMatchObject({ succeeded: 1, failed: 2, completedIndexes: '0' });
  });

  it('follows its failure policy', async () => {
    const rule = (action: string, value: number) => ({
      action,
      onExitCodes: { operator: 'In', values: [value] },
      onPodConditions: [],
    });
    const world = aWorld({
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: { rules: [rule('Ignore', 7), rule('FailJob', 8)] },
    });
    await world.rest();
    for (const pod of world.active()) world.end(pod, 7);
    await world.rest();
    expect(world.job()?.status?.failed).toBe(0);
    for (const pod of world.active()) world.end(pod, 8);
    await world.rest();
    expect(world.types()).toEqual(['FailureTarget PodFailurePolicy', 'Failed PodFailurePolicy']);
  });

  it('succeeds early by its success policy', async () => {
    const world = aWorld({
      completions: 3,
      parallelism: 3,
      completionMode: 'Indexed',
      successPolicy: { rules: [{ succeededIndexes: '0' }] },
    });
    await world.rest();
    for (const pod of world.active()) if (indexOf(pod) === 0) world.end(pod, 0);
    await world.rest();
    expect(world.types()).toEqual(['SuccessCriteriaMet SuccessPolicy', 'Complete SuccessPolicy']);
    expect(world.active()).toHaveLength(0);
  });

  it('stops while suspended, and starts afresh', async () => {
    const world = aWorld();
    await world.rest();
    world.change({ suspend: true });
    await world.rest();
    expect(world.active()).toHaveLength(0);
    expect(world.types()).toEqual(['Suspended JobSuspended']);
    expect(world.job()?.status?.startTime).toBeUndefined();
    world.change({ suspend: false });
    await world.rest();
    expect(world.active()).toHaveLength(1);
  });

  it('goes some time after its end, and lets go of its pods when it is gone', async () => {
    const world = aWorld({ ttlSecondsAfterFinished: 10 });
    await world.rest();
    const [pod] = world.active();
    world.cluster.delete('Job', ref);
    const plan = jobController.plan({
      view: world.cluster.view,
      ref,
      nowMs: NOW_MS,
      suffix: () => 'x',
    });
    expect(plan.actions).toMatchObject([
      { kind: 'update', object: { metadata: { name: pod?.metadata.name, finalizers: [] } } },
    ]);
  });

  it('counts every pod once, whatever ends in whatever order', async () => {
    const aStep = fc.array(fc.constantFrom('none', 'ok', 'fail', 'delete'), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(aStep, { maxLength: 6 }),
        fc.constantFrom('Indexed', 'NonIndexed'),
        async (steps, completionMode) => {
          const world = aWorld({ completions: 5, parallelism: 3, backoffLimit: 1000, completionMode });
          let [ok, failed] = [0, 0];
          for (const step of steps) {
            await world.rest();
            world.active().forEach((pod, i) => {
              const fate = step[i] ?? 'none';
              if (fate === 'ok') ok++;
              if (fate === 'fail' || fate === 'delete') failed++;
              if (fate === 'ok' || fate === 'fail') world.end(pod, fate === 'ok' ? 0 : 1);
              if (fate === 'delete') world.cluster.delete('Pod', pod.metadata);
            });
          }
          await world.rest();
          expect(world.job()?.status).toMatchObject({ succeeded: ok, failed });
          for (let i = 0; i < 5; i++) {
            for (const pod of world.active()) world.end(pod, 0);
            await world.rest();
          }
          expect(world.job()?.status).toMatchObject({ succeeded: 5, failed, active: 0 });
          expect(world.types()).toContain('Complete CompletionsReached');
        },
      ),
      { numRuns: 60 },
    );
  });
});
