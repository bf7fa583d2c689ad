import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../shared/assert-never.ts';
import { FakeClock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { aPod, aReplicaSet } from '../../test/support/builders.ts';
import { FakeCluster } from '../../test/support/fake-cluster.ts';
import type { Occurrence } from '../events/event.ts';
import type { Controller, Plan } from './controller.ts';
import { replicaSetController } from './replicaset/plan.ts';
import { runController } from './runner.ts';

function aWorld({ lagMs = 0, beforeWrite = (_verb: string) => {} } = {}) {
  const clock = new FakeClock();
  const cluster = new FakeCluster({
    nowMs: () => clock.nowMs(),
    beforeWrite,
    ...(lagMs > 0 ? { deliver: (see: () => void) => void clock.after(lagMs, see) } : {}),
  });
  const stop = new AbortController();
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const events: Occurrence[] = [];
  const { view, registry } = cluster;
  let draws = 0;
  const random = () => (++draws * 0.37) % 1;
  const deps = {
    view,
    registry,
    clock,
    logger,
    random,
    record: (event: Occurrence) => void events.push(event),
  };
  const run = (controller: Controller) => runController(controller, deps, stop.signal);
  return { clock, cluster, run, stop, lines, events };
}

describe('controller runner', () => {
  it('starts with every object, and makes each pod once though the view is behind', async () => {
    const { clock, cluster, run } = aWorld({ lagMs: 200 });
    cluster.create('ReplicaSet', aReplicaSet({ spec: { replicas: 3 } }));
    await clock.advance(200);
    void run(replicaSetController);
    await clock.advance(5000);
    expect(cluster.now('Pod').list()).toHaveLength(3);
    expect(cluster.writes.filter(write => write.startsWith('create Pod'))).toHaveLength(3);
  });

  it('wakes the owner of what changed', async () => {
    const { clock, cluster, run } = aWorld();
    void run(replicaSetController);
    cluster.create('ReplicaSet', aReplicaSet());
    await clock.advance(0);
    const [pod] = cluster.now('Pod').list();
    cluster.delete('Pod', pod?.metadata ?? { name: '' });
    await clock.advance(0);
    expect(cluster.now('Pod').list()).toHaveLength(1);
    expect(cluster.now('Pod').list()[0]?.metadata.uid).not.toBe(pod?.metadata.uid);
  });

  it('tries a failing write again, slower and slower, and logs it once', async () => {
    let tries = 0;
    const { clock, cluster, run, lines, events } = aWorld({
      beforeWrite: verb => {
        if (verb === 'create' && tries++ > 0 && tries < 6)
          throw new ApiError('ServiceUnavailable', 'disk is full');
      },
    });
    cluster.create('ReplicaSet', aReplicaSet());
    void run(replicaSetController);
    await clock.advance(60_000);
    expect(cluster.now('Pod').list()).toHaveLength(1);
    expect(lines).toHaveLength(1);
    expect(events.map(({ reason }) => reason)).toEqual(['FailedCreate', 'SuccessfulCreate']);
  });

  it('comes back when the plan asked for it', async () => {
    const at: number[] = [];
    const { clock, cluster, run } = aWorld();
    const startMs = clock.nowMs();
    const controller: Controller = {
      name: 'test',
      of: 'Pod',
      wakes: {},
      plan: ({ nowMs }): Plan => {
        at.push(nowMs - startMs);
        return { actions: [], againAtMs: at.length < 3 ? nowMs + 500 : undefined };
      },
    };
    cluster.create('Pod', aPod());
    void run(controller);
    await clock.advance(5000);
    expect(at).toEqual([0, 500, 1000]);
  });

  it('survives a plan that throws, but not a broken invariant', async () => {
    const { clock, cluster, run, lines } = aWorld();
    cluster.create('Pod', aPod());
    const throwing = (error: Error): Controller => ({
      name: 'test',
      of: 'Pod',
      wakes: {},
      plan: () => {
        throw error;
      },
    });
    void run(throwing(new TypeError('odd object')));
    await clock.advance(1000);
    expect(lines).toHaveLength(1);
    await expect(run(throwing(new InvariantError('a bug')))).rejects.toThrow('a bug');
  });
});
