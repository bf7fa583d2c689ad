import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '../../shared/kubernetes/objects.ts';
import { podRequests } from '../../shared/kubernetes/pod-requests.ts';
import { aNode, aPod, requesting } from '../../test/support/builders.ts';
import { placePods } from '../../test/support/place-pods.ts';
import { loadOf } from './node-load.ts';
import type { Usage } from './scores/score.ts';

function place(pods: readonly Pod[], nodes: readonly Node[], usages: Readonly<Record<string, Usage>> = {}) {
  const loads = nodes.map(node => loadOf(node, []));
  const placed = placePods({ pods, loads, usage: { usageOf: name => usages[name] }, labelsOf: () => ({}) });
  return placed.map(({ pod, verdict }) => [
    pod.metadata.name,
    verdict.kind === 'bind' ? verdict.node : verdict.message,
  ]);
}

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'rs', controller: true };
const three = ['n1', 'n2', 'n3'].map(name => aNode({ name }));

describe('placing pods', () => {
  it('spreads the pods of one controller', () => {
    const pods = Array.from({ length: 6 }, (_, i) => aPod({ name: `p${i}`, owner }));
    const nodes = place(pods, three).map(([, node]) => node);
    expect(nodes.sort()).toEqual(['n1', 'n1', 'n2', 'n2', 'n3', 'n3']);
  });

  it('prefers the node that really uses less', () => {
    const busy = { cpuMilli: 3500, memoryBytes: 3 * 2 ** 30 };
    const idle = { cpuMilli: 100, memoryBytes: 2 ** 29 };
    expect(place([aPod()], three, { n1: busy, n2: idle, n3: busy })).toEqual([['pod', 'n2']]);
  });

  it('prefers the node that holds the image', () => {
    const images = [{ names: ['docker.io/library/hello:latest'] }];
    const node = aNode({ name: 'n4' });
    const holder = { ...node, status: { ...node.status, images } };
    expect(place([aPod()], [...three, holder])).toEqual([['pod', 'n4']]);
  });

  it('avoids a taint that only prefers, and follows a preference', () => {
    const avoided = aNode({ name: 'n1', spec: { taints: [{ key: 'a', effect: 'PreferNoSchedule' }] } });
    const liked = aNode({ name: 'n3', meta: { labels: { disk: 'ssd' } } });
    const preference = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] };
    const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] };
    expect(place([aPod()], [avoided, aNode({ name: 'n2' })])).toEqual([['pod', 'n2']]);
    expect(place([aPod({ spec: { affinity: { nodeAffinity } } })], [aNode({ name: 'n2' }), liked])).toEqual([
      ['pod', 'n3'],
    ]);
  });

  it('counts every reason of every node', () => {
    const nodes = [
      aNode({ name: 'n1', allocatable: { cpu: '1', memory: '8Gi', pods: '110' } }),
      aNode({
        name: 'n2',
        spec: { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }] },
      }),
      aNode({
        name: 'n3',
        spec: { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] },
      }),
    ];
    expect(place([aPod({ spec: requesting('2', '1Gi') })], nodes)).toEqual([
      [
        'pod',
        '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {node.kubernetes.io/unreachable: }.',
      ],
    ]);
    expect(place([aPod()], [])).toEqual([['pod', 'no nodes available to schedule pods']]);
  });

  it('serves higher priority first', () => {
    const [node] = [aNode({ allocatable: { cpu: '1', memory: '1Gi', pods: '1' } })];
    const pods = [aPod({ name: 'a' }), aPod({ name: 'b', spec: { priority: 10 } })];
    expect(place(pods, [node])[0]).toEqual(['b', 'node']);
  });

  const aSpec = fc.record({
    cpu: fc.integer({ min: 0, max: 3000 }),
    memoryMi: fc.integer({ min: 0, max: 3000 }),
  });
  const aWorld = fc.record({
    pods: fc.array(aSpec, { maxLength: 25 }),
    nodes: fc.array(fc.record({ cpu: fc.integer({ min: 0, max: 8000 }), pods: fc.nat(6) }), { maxLength: 6 }),
  });
  const podsOf = (specs: readonly { cpu: number; memoryMi: number }[]) =>
    specs.map(({ cpu, memoryMi }, i) =>
      aPod({ name: `p${i}`, owner, spec: requesting(`${cpu}m`, `${memoryMi}Mi`) }),
    );
  const nodesOf = (specs: readonly { cpu: number; pods: number }[]) =>
    specs.map(({ cpu, pods }, i) =>
      aNode({ name: `n${i}`, allocatable: { cpu: `${cpu}m`, memory: '4Gi', pods: `${pods}` } }),
    );

  it('never fills a node beyond what it can give', () => {
    fc.assert(
      fc.property(aWorld, world => {
        const [pods, nodes] = [podsOf(world.pods), nodesOf(world.nodes)];
        const placed = place(pods, nodes);
        for (const [i, spec] of world.nodes.entries()) {
          const mine = pods.filter(pod =>
            placed.some(([name, node]) => name === pod.metadata.name && node === `n${i}`),
          );
          const sum = (resource: string) =>
            mine.reduce((total, pod) => total + (podRequests(pod.spec)[resource] ?? 0), 0);
          expect(mine.length).toBeLessThanOrEqual(spec.pods);
          expect(sum('cpu')).toBeLessThanOrEqual(spec.cpu);
          expect(sum('memory')).toBeLessThanOrEqual(4 * 2 ** 30);
        }
      }),
    );
  });

  it('does not depend on the order of pods and nodes', () => {
    fc.assert(
      fc.property(aWorld, fc.nat(), (world, turn) => {
        const [pods, nodes] = [podsOf(world.pods), nodesOf(world.nodes)];
        const rotate = <T>(items: readonly T[]) =>
          items.map((_, i) => items[(i + turn) % items.length]).flatMap(item => item ?? []);
        expect(place(rotate(pods).reverse(), rotate(nodes))).toEqual(place(pods, nodes));
      }),
    );
  });
});

describe('requests of a pod', () => {
  const asking = (cpu: string, restartPolicy?: string) => ({
    name: 'c',
    resources: { requests: { cpu } },
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  });

  it.each([
    [{ containers: [asking('100m'), asking('200m')] }, 300],
    [{ initContainers: [asking('1')], containers: [asking('100m')] }, 1000],
    [{ initContainers: [asking('50m', 'Always'), asking('100m')], containers: [asking('200m')] }, 250],
    [{ containers: [{ name: 'c', resources: { limits: { cpu: '70m' } } }] }, 70],
    [{ containers: [asking('100m')], overhead: { cpu: '10m' } }, 110],
  ])('case %#', (spec, want) => {
    expect(podRequests(spec).cpu).toBe(want);
  });
});
