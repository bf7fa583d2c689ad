import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { aNode, aPod } from '../../test/support/builders.ts';
import { FakeCluster } from '../../test/support/fake-cluster.ts';
import { type Occurrence, subjectOf } from './event.ts';
import { EventRecorder } from './recorder.ts';

function started(lagMs = 0) {
  const clock = new FakeClock();
  const cluster = new FakeCluster({
    nowMs: () => clock.nowMs(),
    ...(lagMs > 0 ? { deliver: (see: () => void) => void clock.after(lagMs, see) } : {}),
  });
  const logger = pino({ level: 'silent' });
  const { view, registry } = cluster;
  const recorder = new EventRecorder({ view, registry, clock, logger, random: () => 0.5 });
  const stop = new AbortController();
  void recorder.run(stop.signal);
  return { clock, cluster, recorder, stop };
}

const occurrence: Occurrence = {
  about: subjectOf('Pod', aPod({ name: 'web-1' })),
  type: 'Normal',
  reason: 'Scheduled',
  message: 'assigned',
  component: 'default-scheduler',
};

describe('event recorder', () => {
  it('counts the same event in one object, though the view lags', async () => {
    const { clock, cluster, recorder } = started(100);
    for (let i = 0; i < 3; i++) {
      recorder.record(occurrence);
      await clock.advance(10);
    }
    await clock.advance(20_000);
    recorder.record(occurrence);
    await clock.advance(1000);
    const events = cluster.now('Event').list('default');
    expect(events.map(event => [event.count, event.reason])).toEqual([[4, 'Scheduled']]);
    expect(events[0]?.metadata.name).toMatch(/^web-1\.[0-9a-f]{16}$/);
    expect(events[0]?.lastTimestamp).not.toBe(events[0]?.firstTimestamp);
  });

  it('keeps different messages apart, and puts events about the cluster into default', async () => {
    const { clock, cluster, recorder } = started();
    recorder.record(occurrence);
    recorder.record({ ...occurrence, message: 'other' });
    recorder.record({ ...occurrence, about: subjectOf('Node', aNode({ name: 'n1' })) });
    await clock.advance(0);
    const events = cluster.now('Event').list();
    expect(events.map(event => event.metadata.namespace)).toEqual(['default', 'default', 'default']);
  });

  it('says nothing into a namespace that is being deleted, and goes on', async () => {
    const { clock, cluster, recorder } = started();
    cluster.create('Namespace', {
      metadata: { name: 'default', finalizers: ['x'] },
      apiVersion: 'v1',
      kind: 'Namespace',
    });
    cluster.delete('Namespace', { name: 'default' });
    recorder.record(occurrence);
    recorder.record({ ...occurrence, about: { ...occurrence.about, namespace: 'other' } });
    await clock.advance(60_000);
    expect(
      cluster
        .now('Event')
        .list()
        .map(event => event.metadata.namespace),
    ).toEqual(['other']);
  });
});
