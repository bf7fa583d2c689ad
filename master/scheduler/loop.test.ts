import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { podCondition } from '../../shared/kubernetes/pod-state.ts';
import { aNode, aPod, requesting } from '../../test/support/builders.ts';
import { FakeCluster } from '../../test/support/fake-cluster.ts';
import { startScheduler } from './loop.ts';

function started({ lagMs = 0, beforeWrite = (_verb: string) => {} } = {}) {
  const clock = new FakeClock();
  const cluster = new FakeCluster({
    nowMs: () => clock.nowMs(),
    beforeWrite,
    ...(lagMs > 0 ? { deliver: (see: () => void) => void clock.after(lagMs, see) } : {}),
  });
  const stop = new AbortController();
  const { view, registry } = cluster;
  const deps = { view, registry, clock, logger: pino({ level: 'silent' }), random: () => 0.5 };
  const running = startScheduler({ ...deps, usage: { usageOf: () => undefined } }, stop.signal);
  return { clock, cluster, stop, running };
}

const nodeOf = (cluster: FakeCluster, name: string) =>
  cluster.now('Pod').get({ namespace: 'default', name })?.spec.nodeName;

describe('scheduler', () => {
  it('places a burst within capacity though the view is behind', async () => {
    const { clock, cluster } = started({ lagMs: 500 });
    const allocatable = { cpu: '2', memory: '8Gi', pods: '110' };
    for (let i = 0; i < 5; i++) cluster.create('Node', aNode({ name: `n${i}`, allocatable }));
    for (let i = 0; i < 100; i++)
      cluster.create('Pod', aPod({ name: `p${i}`, spec: requesting('100m', '64Mi') }));
    await clock.advance(500);
    await clock.advance(1);
    const perNode = new Map<string, number>();
    for (const { spec } of cluster.now('Pod').list())
      perNode.set(spec.nodeName ?? 'none', (perNode.get(spec.nodeName ?? 'none') ?? 0) + 1);
    expect(Object.fromEntries(perNode)).toEqual({ n0: 20, n1: 20, n2: 20, n3: 20, n4: 20 });
    expect([...cluster.bindings.values()]).toEqual(Array(100).fill(1));
  });

  it('tells why a pod waits, once, and places it when a node comes', async () => {
    const { clock, cluster } = started();
    cluster.create('Node', aNode({ name: 'small', allocatable: { cpu: '1', memory: '1Gi', pods: '9' } }));
    cluster.create('Pod', aPod({ name: 'p', spec: requesting('2', '1Gi') }));
    await clock.advance(10_000);
    const pod = cluster.now('Pod').get({ namespace: 'default', name: 'p' });
    expect(pod === undefined ? undefined : podCondition(pod, 'PodScheduled')).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 Insufficient cpu.',
    });
    expect(cluster.writes.filter(write => write.startsWith('updateStatus Pod'))).toHaveLength(1);
    cluster.create('Node', aNode({ name: 'large' }));
    await clock.advance(0);
    expect(nodeOf(cluster, 'p')).toBe('large');
    const events = cluster
      .now('Event')
      .list()
      .map(({ reason, message }) => [reason, message]);
    expect(events).toEqual([
      ['FailedScheduling', '0/1 nodes are available: 1 Insufficient cpu.'],
      ['Scheduled', 'Successfully assigned default/p to large'],
    ]);
  });

  it('places a waiting pod when another one leaves', async () => {
    const { clock, cluster } = started();
    cluster.create('Node', aNode({ allocatable: { cpu: '1', memory: '1Gi', pods: '1' } }));
    cluster.create('Pod', aPod({ name: 'first' }));
    await clock.advance(0);
    cluster.create('Pod', aPod({ name: 'second' }));
    await clock.advance(0);
    expect(nodeOf(cluster, 'second')).toBeUndefined();
    cluster.delete('Pod', { namespace: 'default', name: 'first' }, { gracePeriodSeconds: 0 });
    await clock.advance(0);
    expect(nodeOf(cluster, 'second')).toBe('node');
  });

  it('tries again when a binding fails', async () => {
    let failures = 3;
    const { clock, cluster } = started({
      beforeWrite: verb => {
        if (verb === 'bind' && failures-- > 0) throw new ApiError('ServiceUnavailable', 'disk is full');
      },
    });
    cluster.create('Node', aNode());
    cluster.create('Pod', aPod());
    await clock.advance(5000);
    expect(nodeOf(cluster, 'pod')).toBe('node');
  });

  it('leaves alone what is not its own, and what is being deleted', async () => {
    const { clock, cluster } = started();
    cluster.create('Node', aNode());
    cluster.create('Pod', aPod({ name: 'foreign', spec: { schedulerName: 'other' } }));
    cluster.create('Pod', aPod({ name: 'gated', spec: { schedulingGates: [{ name: 'x' }] } }));
    cluster.create(
      'Pod',
      aPod({ name: 'leaving', meta: { finalizers: ['x'], deletionTimestamp: '2024-01-01T00:00:00Z' } }),
    );
    await clock.advance(0);
    expect(cluster.bindings.size).toBe(0);
  });

  it('ends when aborted', async () => {
    const { stop, running } = started();
    stop.abort();
    await running;
  });
});
