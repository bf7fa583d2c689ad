/** Scheduling throughput: places pods one after the other with full accounting, and prints `name value unit`. */
import { claimOf, loadOf, type NodeLoad, withClaim } from '../master/scheduler/node-load.ts';
import { placePod } from '../master/scheduler/plan.ts';
import { systemClock } from '../shared/clock.ts';
import { aNode, aPod, requesting } from '../test/support/builders.ts';
import { report } from './measure/figures.ts';

const PODS_PRESENT_PER_NODE = 20;
const owner = (i: number) => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: `rs-${i % 30}`,
  uid: `rs-${i % 30}`,
  controller: true,
});

function loadsOf(count: number): NodeLoad[] {
  const allocatable = { cpu: '64', memory: '256Gi', pods: '2000' };
  return Array.from({ length: count }, (_, n) => {
    const name = `node-${String(n).padStart(5, '0')}`;
    const pods = Array.from({ length: PODS_PRESENT_PER_NODE }, (_, i) =>
      aPod({
        name: `${name}-${i}`,
        owner: owner(n + i),
        spec: { ...requesting('100m', '128Mi'), nodeName: name },
      }),
    );
    return loadOf(aNode({ name, allocatable }), pods);
  });
}

function run(nodeCount: number, podCount: number): number {
  const loads = loadsOf(nodeCount);
  const positions = new Map(loads.map((load, i) => [load.node.metadata.name, i]));
  const usage = { usageOf: () => ({ cpuMilli: 500, memoryBytes: 2 ** 30 }) };
  const startMs = systemClock.monotonicMs();
  for (let i = 0; i < podCount; i++) {
    const claim = claimOf(aPod({ name: `new-${i}`, owner: owner(i), spec: requesting('50m', '64Mi') }));
    const verdict = placePod({ claim, loads, usage, labelsOf: () => ({}) });
    if (verdict.kind !== 'bind') throw new Error(verdict.message);
    const position = positions.get(verdict.node) ?? 0;
    const load = loads[position];
    if (load !== undefined) loads[position] = withClaim(load, claim);
  }
  return systemClock.monotonicMs() - startMs;
}

run(100, 300);
const smallMs = run(100, 300);
report('scheduler.300-pods-on-100-nodes', smallMs, 'ms');
report('scheduler.throughput-100-nodes', 300_000 / smallMs, 'pods/s');
const largeMs = run(5000, 5000);
report('scheduler.throughput-5000-nodes', 5_000_000 / largeMs, 'pods/s');
