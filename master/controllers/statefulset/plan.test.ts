import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StatefulSet } from '../../../shared/kubernetes/objects.ts';
import { dullSpec } from '../../../test/support/builders.ts';
import { aCluster, converge, given } from '../../../test/support/converge.ts';
import type { FakeCluster } from '../../../test/support/fake-cluster.ts';
import { statefulSetController } from './plan.ts';
import { REVISION_LABEL } from './pods.ts';

const ref = { namespace: 'default', name: 'db' };

function aSet(spec: Partial<StatefulSet['spec']> = {}): StatefulSet {
  const labels = { app: 'db' };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { ...ref, uid: '', resourceVersion: '', creationTimestamp: '2023-11-14T22:13:20Z' },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: dullSpec },
      ...spec,
    },
  };
}

const names = (cluster: FakeCluster) =>
  cluster.view
    .list('Pod')
    .map(({ metadata }) => metadata.name)
    .sort();

/** As if the devices had done their part: pods run, and those that are leaving are gone. */
function devicesAct(cluster: FakeCluster): void {
  for (const pod of cluster.view.list('Pod')) {
    const { metadata } = pod;
    if (metadata.deletionTimestamp !== undefined) cluster.delete('Pod', metadata, { gracePeriodSeconds: 0 });
    else if (pod.status?.phase !== 'Running') {
      if (!pod.spec.nodeName) cluster.bind(metadata, 'n1');
      const bound = cluster.view.get('Pod', metadata);
      const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
      if (bound !== undefined) cluster.updateStatus('Pod', { ...bound, status });
    }
  }
}

async function settle(cluster: FakeCluster, rounds = 30): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    await converge(statefulSetController, cluster);
    devicesAct(cluster);
  }
  await converge(statefulSetController, cluster);
}

function change(cluster: FakeCluster, spec: Partial<StatefulSet['spec']>): void {
  const set = cluster.view.get('StatefulSet', ref);
  if (set === undefined) throw new Error('no StatefulSet');
  cluster.update('StatefulSet', { ...set, spec: { ...set.spec, ...spec } });
}

const imageOf = (image: string) => ({
  metadata: { labels: { app: 'db' } },
  spec: { containers: [{ name: 'main', image }] },
});

const images = (cluster: FakeCluster) =>
  Object.fromEntries(cluster.view.list('Pod').map(pod => [pod.metadata.name, pod.spec.containers[0]?.image]));

describe('StatefulSet', () => {
  it('makes one pod after the other, each with its number, name and host name', async () => {
    const cluster = aCluster();
    given(cluster, 'StatefulSet', aSet({ ordinals: { start: 5 } }));
    await converge(statefulSetController, cluster);
    expect(names(cluster)).toEqual(['db-5']);
    await settle(cluster);
    expect(names(cluster)).toEqual(['db-5', 'db-6', 'db-7']);
    expect(cluster.view.get('Pod', { namespace: 'default', name: 'db-6' })).toMatchObject({
      metadata: {
        labels: { 'statefulset.kubernetes.io/pod-name': 'db-6', 'apps.kubernetes.io/pod-index': '6' },
      },
      spec: { hostname: 'db-6', subdomain: 'db' },
    });
    expect(cluster.view.get('StatefulSet', ref)?.status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
    });
  });

  it('makes all at once when told to be parallel', async () => {
    const cluster = aCluster();
    given(cluster, 'StatefulSet', aSet({ podManagementPolicy: 'Parallel' }));
    await converge(statefulSetController, cluster);
    expect(names(cluster)).toEqual(['db-0', 'db-1', 'db-2']);
  });

  it('gives up the highest number first, one at a time', async () => {
    const cluster = aCluster();
    given(cluster, 'StatefulSet', aSet());
    await settle(cluster);
    change(cluster, { replicas: 1 });
    await converge(statefulSetController, cluster);
    const leaving = cluster.view.list('Pod').filter(pod => pod.metadata.deletionTimestamp !== undefined);
    expect(leaving.map(({ metadata }) => metadata.name)).toEqual(['db-2']);
    await settle(cluster);
    expect(names(cluster)).toEqual(['db-0']);
  });

  it('moves to a new template from the highest number down to the partition, and back', async () => {
    const cluster = aCluster();
    given(cluster, 'StatefulSet', aSet());
    await settle(cluster);
    const before = cluster.view.get('StatefulSet', ref)?.status;
    const strategy = (partition: number) => ({ type: 'RollingUpdate', rollingUpdate: { partition } });
    change(cluster, { template: imageOf('v2'), updateStrategy: strategy(1) });
    await settle(cluster);
    expect(images(cluster)).toEqual({ 'db-0': 'hello', 'db-1': 'v2', 'db-2': 'v2' });
    expect(cluster.view.get('StatefulSet', ref)?.status).toMatchObject({
      currentRevision: before?.currentRevision,
      currentReplicas: 1,
      updatedReplicas: 2,
    });
    // What is lost below the partition comes back as it was.
    cluster.delete('Pod', { namespace: 'default', name: 'db-0' }, { gracePeriodSeconds: 0 });
    await settle(cluster);
    expect(images(cluster)['db-0']).toBe('hello');
    change(cluster, { updateStrategy: strategy(0) });
    await settle(cluster);
    const status = cluster.view.get('StatefulSet', ref)?.status;
    expect(images(cluster)).toEqual({ 'db-0': 'v2', 'db-1': 'v2', 'db-2': 'v2' });
    expect(status?.currentRevision).toBe(status?.updateRevision);
    change(cluster, { template: imageOf('hello') });
    await settle(cluster);
    const revisions = cluster.view.list('ControllerRevision').map(({ revision }) => revision);
    expect(revisions.sort()).toEqual([2, 3]);
    expect(cluster.view.get('StatefulSet', ref)?.status?.updateRevision).toBe(before?.updateRevision);
  });

  it('leaves pods alone that are to be deleted by hand', async () => {
    const cluster = aCluster();
    given(cluster, 'StatefulSet', aSet({ updateStrategy: { type: 'OnDelete' } }));
    await settle(cluster);
    change(cluster, { template: imageOf('v2') });
    await settle(cluster);
    expect(new Set(Object.values(images(cluster)))).toEqual(new Set(['hello']));
    cluster.delete('Pod', { namespace: 'default', name: 'db-1' }, { gracePeriodSeconds: 0 });
    await settle(cluster);
    expect(images(cluster)['db-1']).toBe('v2');
  });

  it('keeps the claims of a pod, unless they are to go when it is scaled away', async () => {
    const cluster = aCluster();
    const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: {} }];
    given(cluster, 'StatefulSet', aSet({ replicas: 2, volumeClaimTemplates }));
    await settle(cluster);
    const claims = () =>
      cluster.view
        .list('PersistentVolumeClaim')
        .map(({ metadata }) => metadata.name)
        .sort();
    expect(claims()).toEqual(['data-db-0', 'data-db-1']);
    expect(cluster.view.get('Pod', { namespace: 'default', name: 'db-1' })?.spec.volumes).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: 'data-db-1' } },
    ]);
    const persistentVolumeClaimRetentionPolicy = { whenScaled: 'Delete', whenDeleted: 'Delete' };
    change(cluster, { replicas: 1, persistentVolumeClaimRetentionPolicy });
    await converge(statefulSetController, cluster);
    const owners = cluster.view
      .list('PersistentVolumeClaim')
      .map(({ metadata }) => [metadata.name, metadata.ownerReferences?.[0]?.kind]);
    expect(Object.fromEntries(owners)).toEqual({ 'data-db-0': 'StatefulSet', 'data-db-1': 'Pod' });
  });

  it('replaces a pod that failed, under the same name', async () => {
    const cluster = aCluster();
    given(cluster, 'StatefulSet', aSet({ replicas: 1 }));
    await settle(cluster);
    const [pod] = cluster.view.list('Pod');
    if (pod !== undefined) cluster.updateStatus('Pod', { ...pod, status: { phase: 'Failed' } });
    await settle(cluster);
    const [next] = cluster.view.list('Pod');
    expect(next?.metadata).toMatchObject({ name: 'db-0' });
    expect(next?.metadata.uid).not.toBe(pod?.metadata.uid);
  });

  it('reaches any size and template from any history, in either order', async () => {
    const aStep = fc.record({ replicas: fc.nat(4), image: fc.constantFrom('v1', 'v2'), acts: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(aStep, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('OrderedReady', 'Parallel'),
        async (steps, podManagementPolicy) => {
          const cluster = aCluster();
          given(cluster, 'StatefulSet', aSet({ podManagementPolicy }));
          for (const { replicas, image, acts } of steps) {
            change(cluster, { replicas, template: imageOf(image) });
            await settle(cluster, acts);
          }
          await settle(cluster, 40);
          const last = steps.at(-1);
          expect(names(cluster)).toEqual(Array.from({ length: last?.replicas ?? 0 }, (_, i) => `db-${i}`));
          const update = cluster.view.get('StatefulSet', ref)?.status?.updateRevision;
          for (const pod of cluster.view.list('Pod')) {
            expect(pod.spec.containers[0]?.image).toBe(last?.image);
            expect(pod.metadata.labels?.[REVISION_LABEL]).toBe(update);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
