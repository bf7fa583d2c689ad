import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Taint, Toleration } from '../../../shared/kubernetes/objects.ts';
import { isPodActive, isPodReady } from '../../../shared/kubernetes/pod-state.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';
import { aNode, aPod } from '../../../test/support/builders.ts';
import { aCluster, converge, given, NOW_MS, planFor } from '../../../test/support/converge.ts';
import type { FakeCluster } from '../../../test/support/fake-cluster.ts';
import { OUTAGE_GRACE_MS } from '../limits.ts';
import { nodeLifecycleController } from './plan.ts';

const LONG_AGO = '2023-01-01T00:00:00Z';
const NOW = formatTime(NOW_MS);
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const ref = { name: 'lost' };

function aPair(other: 'True' | 'Unknown' = 'True', otherSince = LONG_AGO) {
  const cluster = aCluster();
  given(cluster, 'Node', aNode({ name: 'lost', ready: 'Unknown', readySince: NOW }));
  given(cluster, 'Node', aNode({ name: 'other', ready: other, readySince: otherSince }));
  return cluster;
}

function aPodOn(cluster: FakeCluster, name: string, tolerations: Toleration[] = []) {
  return given(cluster, 'Pod', aPod({ name, spec: { nodeName: 'lost', tolerations }, ready: true }));
}

function taintsOf(cluster: FakeCluster, name = 'lost'): string[] {
  return (cluster.view.get('Node', { name })?.spec?.taints ?? []).map(
    ({ key, effect }) => `${key}:${effect}`,
  );
}

function remaining(cluster: FakeCluster): string[] {
  return cluster.view
    .podsOnNode('lost')
    .filter(isPodActive)
    .map(pod => pod.metadata.name);
}

describe('node lifecycle', () => {
  it('taints a silent node and evicts its pods in the same plan', () => {
    const cluster = aPair();
    aPodOn(cluster, 'a');
    const { actions } = planFor(nodeLifecycleController, cluster, ref);
    expect(
      actions.map(action => (action.kind === 'event' ? action.reason : `${action.kind} ${action.of}`)),
    ).toEqual(['update Node', 'NodeNotReady', 'delete Pod', 'TaintManagerEviction']);
  });

  it('says that a node is lost or back, but not that one which is still joining is lost', () => {
    const said = (node: Parameters<typeof aNode>[0], nodeInfo: boolean) => {
      const cluster = aCluster();
      const made = aNode({ name: 'lost', ...node });
      const status = { ...made.status, ...(nodeInfo ? {} : { nodeInfo: undefined }) };
      given(cluster, 'Node', { ...made, status });
      const { actions } = planFor(nodeLifecycleController, cluster, ref);
      return actions.flatMap(action => (action.kind === 'event' ? [action.reason] : []));
    };
    const taints: Taint[] = [{ key: UNREACHABLE, effect: 'NoExecute', timeAdded: LONG_AGO }];
    expect(said({ ready: 'Unknown' }, true)).toEqual(['NodeNotReady']);
    expect(said({ ready: 'Unknown' }, false)).toEqual([]);
    expect(said({ ready: 'True', spec: { taints } }, true)).toEqual(['NodeReady']);
    expect(said({ ready: 'True' }, true)).toEqual([]);
  });

  it.each([
    ['Unknown', [`${UNREACHABLE}:NoSchedule`, `${UNREACHABLE}:NoExecute`]],
    ['False', ['node.kubernetes.io/not-ready:NoSchedule', 'node.kubernetes.io/not-ready:NoExecute']],
    ['True', []],
  ] as const)('a node whose Ready is %s carries %j', async (ready, want) => {
    const cluster = aCluster();
    const stale: Taint[] = [{ key: UNREACHABLE, effect: 'NoExecute', timeAdded: LONG_AGO }];
    given(cluster, 'Node', aNode({ name: 'lost', ready, spec: { taints: ready === 'True' ? stale : [] } }));
    await converge(nodeLifecycleController, cluster);
    expect(taintsOf(cluster)).toEqual(want);
  });

  it('taints a cordoned node and one under pressure, and leaves the taints of users alone', async () => {
    const cluster = aCluster();
    const node = aNode({
      name: 'lost',
      spec: { unschedulable: true, taints: [{ key: 'mine', effect: 'NoSchedule' }] },
    });
    const conditions = [...(node.status?.conditions ?? []), { type: 'DiskPressure', status: 'True' }];
    given(cluster, 'Node', { ...node, status: { ...node.status, conditions } });
    await converge(nodeLifecycleController, cluster);
    expect(taintsOf(cluster)).toEqual([
      'mine:NoSchedule',
      'node.kubernetes.io/disk-pressure:NoSchedule',
      'node.kubernetes.io/unschedulable:NoSchedule',
    ]);
  });

  it('lets tolerating pods stay: for ever, or as long as they tolerate since the taint', async () => {
    const cluster = aPair();
    const tolerate = (tolerationSeconds?: number) => [
      {
        key: UNREACHABLE,
        operator: 'Exists',
        effect: 'NoExecute',
        ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
      },
    ];
    aPodOn(cluster, 'forever', tolerate());
    aPodOn(cluster, 'minute', tolerate(60));
    aPodOn(cluster, 'none');
    await converge(nodeLifecycleController, cluster);
    expect(remaining(cluster)).toEqual(['forever', 'minute']);
    expect(planFor(nodeLifecycleController, cluster, ref).againAtMs).toBe(NOW_MS + 60_000);
    await converge(nodeLifecycleController, cluster, { nowMs: NOW_MS + 60_000 });
    expect(remaining(cluster)).toEqual(['forever']);
  });

  it('says of every pod of an unreachable node that it is not ready', async () => {
    const cluster = aPair();
    aPodOn(cluster, 'a');
    aPodOn(cluster, 'b', [{ operator: 'Exists' }]);
    await converge(nodeLifecycleController, cluster);
    expect(cluster.view.podsOnNode('lost').map(isPodReady)).toEqual([false, false]);
  });

  it.each([
    ['True', [true]],
    ['False', [false]],
  ])('takes that back when the node is heard again, as its containers are (%s)', async (containers, want) => {
    const cluster = aCluster();
    given(cluster, 'Node', aNode({ name: 'lost' }));
    const conditions = [
      { type: 'ContainersReady', status: containers },
      { type: 'Ready', status: 'False', reason: 'NodeNotReady', lastTransitionTime: LONG_AGO },
    ];
    given(cluster, 'Pod', aPod({ spec: { nodeName: 'lost' }, status: { phase: 'Running', conditions } }));
    await converge(nodeLifecycleController, cluster);
    expect(cluster.view.podsOnNode('lost').map(isPodReady)).toEqual(want);
  });

  it('evicts nobody while no node is Ready', async () => {
    const cluster = aPair('Unknown');
    aPodOn(cluster, 'a');
    await converge(nodeLifecycleController, cluster);
    expect(remaining(cluster)).toEqual(['a']);
  });

  it('evicts nobody from a node that fell silent together with all others, though the store says Ready of one yet', async () => {
    const cluster = aPair();
    const node = cluster.view.get('Node', ref);
    const conditions = node?.status?.conditions?.map(each =>
      each.type === 'Ready' ? { ...each, reason: 'NoNodeHeard' } : each,
    );
    if (node)
      await cluster.registry.updateStatus('Node', { ...node, status: { ...node.status, conditions } });
    aPodOn(cluster, 'a');
    await converge(nodeLifecycleController, cluster);
    expect(remaining(cluster)).toEqual(['a']);
  });

  it('waits a moment for the others when the first node is back from an outage of all', async () => {
    const cluster = aCluster();
    given(cluster, 'Node', aNode({ name: 'lost', ready: 'Unknown', readySince: LONG_AGO }));
    given(cluster, 'Node', aNode({ name: 'other', readySince: NOW }));
    aPodOn(cluster, 'a');
    await converge(nodeLifecycleController, cluster);
    expect(remaining(cluster)).toEqual(['a']);
    expect(planFor(nodeLifecycleController, cluster, ref).againAtMs).toBe(NOW_MS + OUTAGE_GRACE_MS);
    await converge(nodeLifecycleController, cluster, { nowMs: NOW_MS + OUTAGE_GRACE_MS });
    expect(remaining(cluster)).toEqual([]);
  });

  it("evicts by a user's NoExecute taint, counting from when it was first seen", async () => {
    const cluster = aCluster();
    given(cluster, 'Node', aNode({ name: 'lost', spec: { taints: [{ key: 'out', effect: 'NoExecute' }] } }));
    aPodOn(cluster, 'a');
    aPodOn(cluster, 'b', [{ key: 'out', operator: 'Exists', tolerationSeconds: 5 }]);
    await converge(nodeLifecycleController, cluster);
    expect(remaining(cluster)).toEqual(['b']);
    expect(planFor(nodeLifecycleController, cluster, ref).againAtMs).toBe(NOW_MS + 5000);
  });

  it('comes to rest, and never evicts from a Ready node without taints', async () => {
    const aState = fc.record({
      ready: fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const),
      since: fc.constantFrom(LONG_AGO, NOW),
      cordoned: fc.boolean(),
      tolerates: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(aState, { minLength: 1, maxLength: 4 }), async states => {
        const cluster = aCluster();
        states.forEach(({ ready, since, cordoned, tolerates }, i) => {
          const name = `n${i}`;
          given(
            cluster,
            'Node',
            aNode({ name, ready, readySince: since, spec: { unschedulable: cordoned } }),
          );
          const tolerations = tolerates ? [{ operator: 'Exists' }] : [];
          given(cluster, 'Pod', aPod({ name: `p${i}`, spec: { nodeName: name, tolerations }, ready: true }));
        });
        await converge(nodeLifecycleController, cluster, { nowMs: NOW_MS + OUTAGE_GRACE_MS });
        const someReady = states.some(({ ready }) => ready === 'True');
        states.forEach(({ ready, tolerates }, i) => {
          const stays = ready === 'True' || tolerates || !someReady;
          expect(cluster.view.podsOnNode(`n${i}`).filter(isPodActive)).toHaveLength(stays ? 1 : 0);
        });
      }),
      { numRuns: 60 },
    );
  });
});
