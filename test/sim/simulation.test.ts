import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPodActive, isPodReady } from '../../shared/kubernetes/pod-state.ts';
import { controllerOf } from '../../shared/kubernetes/references.ts';
import { type Command, NODES, Simulation } from './simulation.ts';

const APPS = 3;
const aCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: fc.constant('apply' as const),
    app: fc.nat(APPS - 1),
    replicas: fc.nat(6),
    image: fc.nat(2),
  }),
  fc.record({
    kind: fc.constant('delete' as const),
    app: fc.nat(APPS - 1),
    propagation: fc.constantFrom('Background' as const, 'Foreground' as const),
  }),
  fc.record({
    kind: fc.constantFrom('cut' as const, 'connect' as const, 'cordon' as const, 'uncordon' as const),
    node: fc.nat(NODES - 1),
  }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 500, 3000, 20_000) }),
);

/** What is wrong with a cluster that has had time to settle. */
function unsettled({ cluster, faults }: Simulation): string[] {
  const pods = cluster.now('Pod').list();
  const uids = new Set(
    (['Deployment', 'ReplicaSet'] as const).flatMap(kind =>
      cluster
        .now(kind)
        .list()
        .map(({ metadata }) => metadata.uid),
    ),
  );
  const twice = [...cluster.bindings]
    .filter(([, count]) => count > 1)
    .map(([uid]) => `${uid} was bound twice`);
  const orphans = [...pods, ...cluster.now('ReplicaSet').list()]
    .filter(object => !uids.has(controllerOf(object)?.uid ?? ''))
    .map(({ metadata }) => `${metadata.name} is orphaned`);
  const leaving = pods
    .filter(pod => !isPodActive(pod))
    .map(({ metadata }) => `${metadata.name} does not leave`);
  const counts = cluster
    .now('Deployment')
    .list()
    .flatMap(({ metadata, spec, status }) => {
      const ready = pods.filter(pod => pod.metadata.labels?.app === metadata.name && isPodReady(pod)).length;
      const isRight = ready === spec.replicas && (status?.availableReplicas ?? 0) === spec.replicas;
      const isCurrent =
        (status?.updatedReplicas ?? 0) === spec.replicas &&
        status?.observedGeneration === metadata.generation;
      return isRight && isCurrent
        ? []
        : [`${metadata.name} wants ${spec.replicas} and has ${ready}: ${JSON.stringify(status)}`];
    });
  return [...faults, ...twice, ...orphans, ...leaving, ...counts];
}

describe('a simulated cluster', () => {
  it('settles after any history of deployments, failures and returns, and then writes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(aCommand, { maxLength: 20 }), async (seed, commands) => {
        const simulation = new Simulation(seed);
        for (const command of commands) await simulation.act(command);
        await simulation.heal(120_000);
        expect(unsettled(simulation)).toEqual([]);
        const writes = simulation.cluster.writes.length;
        await simulation.clock.advance(1_200_000);
        expect(simulation.cluster.writes.slice(writes)).toEqual([]);
        await simulation.end();
      }),
      { numRuns: 80 },
    );
  }, 60_000);

  it('replaces the pods of a lost node with no wait but that of the view and the devices', async () => {
    const simulation = new Simulation(1);
    await simulation.act({ kind: 'apply', app: 0, replicas: 6, image: 1 });
    await simulation.act({ kind: 'wait', ms: 20_000 });
    await simulation.act({ kind: 'cut', node: 0 });
    await simulation.clock.advance(1000);
    const ready = simulation.cluster
      .now('Pod')
      .list()
      .filter(pod => isPodReady(pod) && isPodActive(pod));
    expect(ready).toHaveLength(6);
    expect(ready.map(pod => pod.spec.nodeName)).not.toContain('n0');
    await simulation.end();
  });
});
