import { describe, expect, it } from 'vitest';
import type { CronJob } from '../../../shared/kubernetes/objects.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';
import { aCluster, converge, given } from '../../../test/support/converge.ts';
import type { FakeCluster } from '../../../test/support/fake-cluster.ts';
import { cronJobController } from './plan.ts';

const ref = { namespace: 'default', name: 'tick' };
const START_MS = Date.parse('2024-01-01T00:00:30Z');
const MINUTE_MS = 60_000;

function aWorld(spec: Partial<CronJob['spec']> = {}) {
  const cluster = aCluster(START_MS);
  const template = { spec: { containers: [{ name: 'main', image: 'hello' }] } };
  given(cluster, 'CronJob', {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { ...ref, creationTimestamp: formatTime(START_MS) },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template } }, ...spec },
  });
  const at = (nowMs: number) => converge(cronJobController, cluster, { nowMs });
  const jobs = () =>
    cluster.view
      .list('Job')
      .map(({ metadata }) => metadata.name)
      .sort();
  return { cluster, at, jobs, status: () => cluster.view.get('CronJob', ref)?.status };
}

function finish(cluster: FakeCluster, type: 'Complete' | 'Failed'): void {
  for (const job of cluster.view.list('Job')) {
    const condition = { type, status: 'True' };
    if (job.status?.conditions === undefined)
      cluster.updateStatus('Job', { ...job, status: { ...job.status, conditions: [condition] } });
  }
}

describe('CronJob', () => {
  it('makes one Job for each scheduled time, and no more however often it looks', async () => {
    const world = aWorld();
    await world.at(START_MS);
    expect(world.jobs()).toEqual([]);
    await world.at(START_MS + MINUTE_MS);
    await world.at(START_MS + MINUTE_MS + 1000);
    expect(world.jobs()).toEqual(['tick-28401121']);
    expect(world.status()).toMatchObject({
      lastScheduleTime: '2024-01-01T00:01:00Z',
      active: [{ kind: 'Job', name: 'tick-28401121' }],
    });
    finish(world.cluster, 'Complete');
    const { events } = await world.at(START_MS + MINUTE_MS + 2000);
    expect(events).toMatchObject([
      { reason: 'SawCompletedJob', message: 'Saw completed job: tick-28401121, condition: Complete' },
    ]);
  });

  it.each([
    ['Allow', 2],
    ['Forbid', 1],
    ['Replace', 1],
  ])('with %s leaves %i running', async (concurrencyPolicy, running) => {
    const world = aWorld({ concurrencyPolicy });
    await world.at(START_MS + MINUTE_MS);
    await world.at(START_MS + 2 * MINUTE_MS);
    expect(world.jobs()).toHaveLength(running);
    expect(world.jobs().includes('tick-28401121')).toBe(concurrencyPolicy !== 'Replace');
  });

  it('keeps the history that it is told to', async () => {
    const world = aWorld({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 });
    for (let i = 1; i <= 3; i++) {
      await world.at(START_MS + i * MINUTE_MS);
      finish(world.cluster, i === 3 ? 'Failed' : 'Complete');
    }
    await world.at(START_MS + 3 * MINUTE_MS + 1000);
    expect(world.jobs()).toHaveLength(1);
  });

  it('makes up for the latest missed time alone, even after years, and warns', async () => {
    const world = aWorld();
    const { events } = await world.at(START_MS + 4 * 365 * 24 * 60 * MINUTE_MS);
    expect(world.jobs()).toHaveLength(1);
    expect(events.map(({ reason }) => reason)).toEqual(['TooManyMissedTimes', 'SuccessfulCreate']);
  });

  it('leaves out a time that is past its deadline', async () => {
    const world = aWorld({ schedule: '@hourly', startingDeadlineSeconds: 60 });
    await world.at(Date.parse('2024-01-01T01:02:00Z'));
    expect(world.jobs()).toEqual([]);
    await world.at(Date.parse('2024-01-01T02:00:59Z'));
    expect(world.jobs()).toHaveLength(1);
  });

  it('goes on when the clock is put back by years', async () => {
    const world = aWorld();
    await world.at(START_MS + 4 * 365 * 24 * 60 * MINUTE_MS);
    await world.at(START_MS + 10 * MINUTE_MS);
    await world.at(START_MS + 11 * MINUTE_MS);
    expect(world.jobs()).toContain('tick-28401131');
  });

  it('does nothing while it is suspended', async () => {
    const world = aWorld({ suspend: true });
    await world.at(START_MS + MINUTE_MS);
    expect(world.jobs()).toEqual([]);
  });
});
