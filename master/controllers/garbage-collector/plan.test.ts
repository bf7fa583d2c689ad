import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import { aDeployment, aPod, aReplicaSet } from '../../../test/support/builders.ts';
import { aCluster, convergeLoop, given, NOW_MS } from '../../../test/support/converge.ts';
import type { FakeCluster } from '../../../test/support/fake-cluster.ts';
import { garbageCollector } from './plan.ts';

const collect = (cluster: FakeCluster) => convergeLoop(garbageCollector, cluster);

/** A Deployment with a ReplicaSet with a pod. */
function aFamily() {
  const cluster = aCluster();
  const deployment = given(cluster, 'Deployment', aDeployment());
  const ofDeployment = { ownerReferences: [controllerReference('Deployment', deployment)] };
  const replicaSet = given(cluster, 'ReplicaSet', aReplicaSet({ name: 'web-1', meta: ofDeployment }));
  given(cluster, 'Pod', aPod({ name: 'web-1-a', owner: controllerReference('ReplicaSet', replicaSet) }));
  given(cluster, 'Pod', aPod({ name: 'stranger' }));
  return cluster;
}

const ref = { namespace: 'default', name: 'web' };

function left(cluster: FakeCluster): string[] {
  return (['Deployment', 'ReplicaSet', 'Pod'] as const).flatMap(kind =>
    cluster.view.list(kind).map(({ metadata }) => metadata.name),
  );
}

describe('garbage collector', () => {
  it('leaves a family alone', async () => {
    const cluster = aFamily();
    await collect(cluster);
    expect(left(cluster)).toEqual(['web', 'web-1', 'web-1-a', 'stranger']);
  });

  it('deletes dependents of a deleted owner, down the line', async () => {
    const cluster = aFamily();
    cluster.delete('Deployment', ref);
    await collect(cluster);
    expect(left(cluster)).toEqual(['stranger']);
  });

  it('deletes dependents first in the foreground', async () => {
    const cluster = aFamily();
    cluster.delete('Deployment', ref, { propagation: 'Foreground' });
    const key = { kind: 'Deployment', ref } as const;
    expect(garbageCollector.plan(key, { view: cluster.view, nowMs: NOW_MS, suffix: () => '' })).toEqual({
      actions: [],
    });
    expect(left(cluster)).toContain('web');
    await collect(cluster);
    expect(left(cluster)).toEqual(['stranger']);
    const deletions = cluster.writes.filter(write =>
      /^(delete Pod|update (ReplicaSet|Deployment))/.test(write),
    );
    expect(deletions).toEqual(['delete Pod web-1-a', 'update ReplicaSet web-1', 'update Deployment web']);
  });

  it('waits for a pod that takes its time', async () => {
    const cluster = aFamily();
    const [pod] = cluster.view.list('Pod');
    if (pod !== undefined) cluster.bind(pod.metadata, 'n1');
    cluster.delete('Deployment', ref, { propagation: 'Foreground' });
    await collect(cluster);
    expect(left(cluster).sort()).toEqual(['stranger', 'web', 'web-1', 'web-1-a']);
    cluster.delete('Pod', { namespace: 'default', name: 'web-1-a' }, { gracePeriodSeconds: 0 });
    await collect(cluster);
    expect(left(cluster)).toEqual(['stranger']);
  });

  it('orphans dependents when asked to', async () => {
    const cluster = aFamily();
    cluster.delete('Deployment', ref, { propagation: 'Orphan' });
    await collect(cluster);
    expect(left(cluster)).toEqual(['web-1', 'web-1-a', 'stranger']);
    expect(cluster.view.get('ReplicaSet', { ...ref, name: 'web-1' })?.metadata.ownerReferences).toEqual([]);
  });

  it('drops the reference to one absent owner while another stands', async () => {
    const cluster = aFamily();
    const replicaSet = cluster.view.list('ReplicaSet')[0];
    if (replicaSet === undefined) throw new Error('no ReplicaSet');
    const gone = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone' };
    const ownerReferences = [...(replicaSet.metadata.ownerReferences ?? []), gone];
    cluster.update('ReplicaSet', { ...replicaSet, metadata: { ...replicaSet.metadata, ownerReferences } });
    await collect(cluster);
    expect(cluster.view.list('ReplicaSet')[0]?.metadata.ownerReferences).toHaveLength(1);
  });

  it('judges no owner of a kind it does not know, and takes a new object of the same name for another', async () => {
    const cluster = aCluster();
    const foreign = { apiVersion: 'example.com/v1', kind: 'Deployment', name: 'x', uid: 'x' };
    given(cluster, 'Pod', aPod({ name: 'foreign', owner: foreign }));
    given(cluster, 'ReplicaSet', aReplicaSet());
    const former = { ...controllerReference('ReplicaSet', aReplicaSet()), uid: 'former' };
    given(cluster, 'Pod', aPod({ name: 'former', owner: former }));
    await collect(cluster);
    expect(left(cluster)).toEqual(['web', 'foreign']);
  });

  it('ends with exactly those objects whose owners are all there, in any forest', async () => {
    const parents = fc.array(fc.option(fc.nat(7), { nil: undefined }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(parents, fc.nat(7), async (parentOf, victim) => {
        const cluster = aCluster();
        const uids: string[] = [];
        parentOf.forEach((parent, i) => {
          const owner = parent !== undefined && parent < i ? uids[parent] : undefined;
          const reference = {
            ...controllerReference('ReplicaSet', { metadata: { name: `r${parent}`, uid: owner ?? '' } }),
          };
          const meta = owner === undefined ? {} : { ownerReferences: [reference] };
          uids.push(given(cluster, 'ReplicaSet', aReplicaSet({ name: `r${i}`, meta })).metadata.uid);
        });
        const root = victim % parentOf.length;
        const isGone = (i: number): boolean => {
          const parent = parentOf[i];
          return i === root || (parent !== undefined && parent < i && isGone(parent));
        };
        cluster.delete('ReplicaSet', { namespace: 'default', name: `r${root}` });
        await collect(cluster);
        const want = parentOf.flatMap((_, i) => (isGone(i) ? [] : [`r${i}`]));
        expect(cluster.view.list('ReplicaSet').map(({ metadata }) => metadata.name)).toEqual(want);
      }),
      { numRuns: 40 },
    );
  });
});
