import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPodActive } from '../../../shared/kubernetes/pod-state.ts';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import { aDaemonSet, aNode, aPod, dullSpec } from '../../../test/support/builders.ts';
import { aCluster, converge, given, NOW_MS } from '../../../test/support/converge.ts';
import type { FakeCluster } from '../../../test/support/fake-cluster.ts';
import { nodeOf, REVISION_LABEL } from './eligibility.ts';
import { daemonSetController } from './plan.ts';

const ref = { namespace: 'default', name: 'web' };
const LATER_MS = NOW_MS + 60_000;

function targets(cluster: FakeCluster): (string | undefined)[] {
  return cluster.view.list('Pod').filter(isPodActive).map(nodeOf).sort();
}

function aFleet(names: readonly string[]) {
  const cluster = aCluster();
  for (const name of names) given(cluster, 'Node', aNode({ name }));
  return cluster;
}

/** As if scheduler and agents had done their part. */
function allRunning(cluster: FakeCluster) {
  for (const pod of cluster.view.list('Pod')) {
    const node = nodeOf(pod);
    const { metadata } = pod;
    if (!pod.spec.nodeName && node) cluster.bind(metadata, node);
    const bound = cluster.view.get('Pod', metadata);
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    if (bound !== undefined) cluster.updateStatus('Pod', { ...bound, status });
  }
}

describe('DaemonSet', () => {
  it('puts one pod on each node, cordoned ones included, but not where a taint forbids', async () => {
    const cluster = aFleet(['n1', 'n2']);
    const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
    given(cluster, 'Node', aNode({ name: 'n3', spec: { unschedulable: true, taints: [cordon] } }));
    given(cluster, 'Node', aNode({ name: 'n4', spec: { taints: [{ key: 'no', effect: 'NoSchedule' }] } }));
    given(cluster, 'DaemonSet', aDaemonSet());
    await converge(daemonSetController, cluster);
    expect(targets(cluster)).toEqual(['n1', 'n2', 'n3']);
    expect(cluster.view.get('DaemonSet', ref)?.status).toMatchObject({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberReady: 0,
      numberMisscheduled: 0,
    });
  });

  it('follows nodeSelector', async () => {
    const cluster = aFleet(['n1']);
    given(cluster, 'Node', aNode({ name: 'n2', meta: { labels: { disk: 'ssd' } } }));
    const spec = { ...dullSpec, nodeSelector: { disk: 'ssd' } };
    given(
      cluster,
      'DaemonSet',
      aDaemonSet({ spec: { template: { metadata: { labels: { app: 'web' } }, spec } } }),
    );
    await converge(daemonSetController, cluster);
    expect(targets(cluster)).toEqual(['n2']);
  });

  it('removes the second pod of a node and those of nodes that are gone', async () => {
    const cluster = aFleet(['n1']);
    const daemonSet = given(
      cluster,
      'DaemonSet',
      aDaemonSet({ spec: { updateStrategy: { type: 'OnDelete' } } }),
    );
    const owner = controllerReference('DaemonSet', daemonSet);
    const meta = { labels: { app: 'web' } };
    given(cluster, 'Pod', aPod({ name: 'a', meta, owner, spec: { nodeName: 'n1' }, ready: true }));
    given(cluster, 'Pod', aPod({ name: 'b', meta, owner, spec: { nodeName: 'n1' }, ready: true }));
    given(cluster, 'Pod', aPod({ name: 'c', meta, owner, spec: { nodeName: 'gone' }, ready: true }));
    await converge(daemonSetController, cluster);
    expect(
      cluster.view
        .list('Pod')
        .filter(isPodActive)
        .map(pod => pod.metadata.name),
    ).toEqual(['a']);
  });

  it('waits for a leaving pod before it makes the next on that node', async () => {
    const cluster = aFleet(['n1']);
    given(cluster, 'DaemonSet', aDaemonSet());
    await converge(daemonSetController, cluster);
    allRunning(cluster);
    const [pod] = cluster.view.list('Pod');
    cluster.delete('Pod', pod?.metadata ?? ref);
    await converge(daemonSetController, cluster);
    expect(cluster.view.list('Pod')).toHaveLength(1);
    cluster.delete('Pod', pod?.metadata ?? ref, { gracePeriodSeconds: 0 });
    await converge(daemonSetController, cluster);
    expect(targets(cluster)).toEqual(['n1']);
  });

  it('replaces pods of an old template, no more at once than may be unavailable', async () => {
    const cluster = aFleet(['n1', 'n2', 'n3']);
    given(cluster, 'DaemonSet', aDaemonSet());
    await converge(daemonSetController, cluster);
    allRunning(cluster);
    const daemonSet = cluster.view.get('DaemonSet', ref);
    if (daemonSet === undefined) throw new Error('no DaemonSet');
    const spec = { containers: [{ name: 'main', image: 'v2' }] };
    const template = { ...daemonSet.spec.template, spec };
    cluster.update('DaemonSet', { ...daemonSet, spec: { ...daemonSet.spec, template } });
    for (let round = 0; round < 3; round++) {
      await converge(daemonSetController, cluster);
      const leaving = cluster.view.list('Pod').filter(pod => !isPodActive(pod));
      expect(leaving).toHaveLength(1);
      for (const { metadata } of leaving) cluster.delete('Pod', metadata, { gracePeriodSeconds: 0 });
      await converge(daemonSetController, cluster);
      allRunning(cluster);
    }
    await converge(daemonSetController, cluster);
    const hashes = new Set(cluster.view.list('Pod').map(pod => pod.metadata.labels?.[REVISION_LABEL]));
    expect(hashes.size).toBe(1);
    expect(cluster.view.get('DaemonSet', ref)?.status).toMatchObject({
      updatedNumberScheduled: 3,
      numberAvailable: 3,
    });
  });

  it('comes to rest with one pod per node from anywhere, and never touches what it does not own', async () => {
    const aState = fc.record({
      mine: fc.boolean(),
      node: fc.nat(4),
      phase: fc.constantFrom('Pending', 'Running', 'Failed'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(aState, { maxLength: 10 }), async states => {
        const cluster = aFleet(['n0', 'n1', 'n2']);
        const mine = controllerReference('DaemonSet', given(cluster, 'DaemonSet', aDaemonSet()));
        states.forEach(({ mine: isMine, node, phase }, i) => {
          const owner = isMine ? mine : { ...mine, uid: 'other', name: 'other' };
          const meta = { labels: { app: 'web' } };
          given(
            cluster,
            'Pod',
            aPod({ name: `p${i}`, meta, owner, spec: { nodeName: `n${node}` }, status: { phase } }),
          );
        });
        const foreign = cluster.view.ownedBy('Pod', 'other');
        for (let round = 0; round < 4; round++) {
          await converge(daemonSetController, cluster, { nowMs: LATER_MS });
          for (const pod of cluster.view.list('Pod').filter(pod => pod.metadata.deletionTimestamp))
            cluster.delete('Pod', pod.metadata, { gracePeriodSeconds: 0 });
          allRunningOf(cluster, mine.uid);
        }
        const own = cluster.view.ownedBy('Pod', mine.uid).filter(isPodActive).map(nodeOf).sort();
        expect(own).toEqual(['n0', 'n1', 'n2']);
        expect(cluster.view.ownedBy('Pod', 'other')).toEqual(foreign);
      }),
      { numRuns: 40 },
    );
  });
});

function allRunningOf(cluster: FakeCluster, uid: string) {
  for (const pod of cluster.view.ownedBy('Pod', uid)) {
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    if (pod.status?.phase === 'Pending') cluster.updateStatus('Pod', { ...pod, status });
  }
}
