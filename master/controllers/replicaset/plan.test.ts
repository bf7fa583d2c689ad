import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPodActive } from '../../../shared/kubernetes/pod-state.ts';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';
import { aPod, aReplicaSet } from '../../../test/support/builders.ts';
import { aCluster, converge, given, NOW_MS, planFor } from '../../../test/support/converge.ts';
import { replicaSetController } from './plan.ts';
import { victims } from './victims.ts';

const ref = { namespace: 'default', name: 'web' };
const labels = { app: 'web' };

describe('ReplicaSet', () => {
  it('creates what is missing from its template, owned by it, and comes to rest', async () => {
    const cluster = aCluster();
    const replicaSet = given(cluster, 'ReplicaSet', aReplicaSet({ spec: { replicas: 3 } }));
    const { events } = await converge(replicaSetController, cluster);
    const pods = cluster.view.list('Pod');
    expect(pods).toHaveLength(3);
    for (const { metadata } of pods)
      expect(metadata).toMatchObject({
        generateName: 'web-',
        labels,
        ownerReferences: [{ uid: replicaSet.metadata.uid }],
      });
    expect(cluster.view.get('ReplicaSet', ref)?.status).toMatchObject({ replicas: 3, readyReplicas: 0 });
    expect(events.map(event => event.reason)).toEqual(Array(3).fill('SuccessfulCreate'));
  });

  it('replaces a pod that is being deleted at once, and one that ended', async () => {
    const cluster = aCluster();
    const owner = controllerReference(
      'ReplicaSet',
      given(cluster, 'ReplicaSet', aReplicaSet({ spec: { replicas: 2 } })),
    );
    given(cluster, 'Pod', aPod({ name: 'a', meta: { labels }, owner, spec: { nodeName: 'n' }, ready: true }));
    given(cluster, 'Pod', aPod({ name: 'b', meta: { labels }, owner, status: { phase: 'Failed' } }));
    cluster.delete('Pod', { namespace: 'default', name: 'a' });
    await converge(replicaSetController, cluster);
    expect(cluster.view.list('Pod').filter(isPodActive)).toHaveLength(2);
    expect(cluster.view.list('Pod')).toHaveLength(4);
  });

  it('adopts a matching orphan before it counts, and releases a pod that matches no more', async () => {
    const cluster = aCluster();
    const owner = controllerReference('ReplicaSet', given(cluster, 'ReplicaSet', aReplicaSet()));
    given(cluster, 'Pod', aPod({ name: 'orphan', meta: { labels }, ready: true }));
    given(cluster, 'Pod', aPod({ name: 'odd', meta: { labels: { app: 'odd' } }, owner, ready: true }));
    await converge(replicaSetController, cluster);
    const owners = cluster.view
      .list('Pod')
      .map(pod => [pod.metadata.name, pod.metadata.ownerReferences?.length]);
    expect(Object.fromEntries(owners)).toEqual({ orphan: 1, odd: 0 });
  });

  it('counts a pod as available after minReadySeconds, and says when to look again', () => {
    const cluster = aCluster();
    const owner = controllerReference(
      'ReplicaSet',
      given(cluster, 'ReplicaSet', aReplicaSet({ spec: { minReadySeconds: 10 } })),
    );
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: formatTime(NOW_MS - 4000) }];
    given(cluster, 'Pod', aPod({ meta: { labels }, owner, status: { phase: 'Running', conditions } }));
    const plan = planFor(replicaSetController, cluster, ref);
    expect(plan.againAtMs).toBe(NOW_MS + 6000);
    expect(plan.actions).toMatchObject([{ object: { status: { readyReplicas: 1, availableReplicas: 0 } } }]);
    const later = planFor(replicaSetController, cluster, ref, NOW_MS + 6000);
    expect(later.actions).toMatchObject([{ object: { status: { availableReplicas: 1 } } }]);
  });

  it('creates nothing in a namespace that is being deleted, nor when it is being deleted itself', () => {
    const cluster = aCluster();
    given(cluster, 'ReplicaSet', aReplicaSet({ meta: { finalizers: ['x'] } }));
    cluster.delete('ReplicaSet', ref);
    expect(planFor(replicaSetController, cluster, ref).actions.map(action => action.kind)).toEqual([
      'updateStatus',
    ]);
  });

  it.each([
    ['unassigned', { name: 'a' }, { name: 'b', spec: { nodeName: 'n' }, ready: true }],
    [
      'pending',
      { name: 'a', spec: { nodeName: 'n' } },
      { name: 'b', spec: { nodeName: 'n' }, status: { phase: 'Running' } },
    ],
    [
      'not ready',
      { name: 'a', spec: { nodeName: 'n' }, status: { phase: 'Running' } },
      { name: 'b', spec: { nodeName: 'n' }, ready: true },
    ],
    [
      'newest',
      {
        name: 'a',
        spec: { nodeName: 'm' },
        ready: true,
        meta: { creationTimestamp: '2024-01-01T00:00:00Z' },
      },
      { name: 'b', spec: { nodeName: 'n' }, ready: true },
    ],
  ])('gives up the %s pod first', (_name, first, second) => {
    const [a, b] = [aPod(first), aPod(second)];
    expect(victims([b, a], 1)).toEqual([a]);
    expect(victims([a, b], 1)).toEqual([a]);
  });

  it('thins out crowded nodes', () => {
    const pods = ['n1', 'n1', 'n1', 'n2'].map((nodeName, i) =>
      aPod({ name: `p${i}`, spec: { nodeName }, ready: true }),
    );
    const gone = victims(pods, 2);
    expect(gone.map(pod => pod.spec.nodeName)).toEqual(['n1', 'n1']);
  });

  it('reaches its count from anywhere, and never touches what it does not own', async () => {
    const aState = fc.record({
      mine: fc.boolean(),
      bound: fc.boolean(),
      phase: fc.constantFrom('Pending', 'Running', 'Failed', 'Succeeded'),
      deleted: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(6), fc.array(aState, { maxLength: 8 }), async (replicas, states) => {
        const cluster = aCluster();
        const mine = controllerReference(
          'ReplicaSet',
          given(cluster, 'ReplicaSet', aReplicaSet({ spec: { replicas } })),
        );
        const foreign = { ...mine, uid: 'other', name: 'other' };
        states.forEach(({ mine: isMine, bound, phase, deleted }, i) => {
          const name = `p${i}`;
          const spec = bound ? { nodeName: `n${i % 3}` } : {};
          given(
            cluster,
            'Pod',
            aPod({ name, meta: { labels }, owner: isMine ? mine : foreign, spec, status: { phase } }),
          );
          if (deleted) cluster.delete('Pod', { namespace: 'default', name });
        });
        const foreignBefore = cluster.view.ownedBy('Pod', 'other');
        await converge(replicaSetController, cluster);
        expect(cluster.view.ownedBy('Pod', mine.uid).filter(isPodActive)).toHaveLength(replicas);
        expect(cluster.view.ownedBy('Pod', 'other')).toEqual(foreignBefore);
      }),
      { numRuns: 60 },
    );
  });
});
