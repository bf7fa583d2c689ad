import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Deployment, ReplicaSet } from '../../../shared/kubernetes/objects.ts';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import { aDeployment, aPod, aReplicaSet } from '../../../test/support/builders.ts';
import { aCluster, converge, given, NOW_MS, planFor } from '../../../test/support/converge.ts';
import type { FakeCluster } from '../../../test/support/fake-cluster.ts';
import { deploymentController } from './plan.ts';

const ref = { namespace: 'default', name: 'web' };

function template(image: string) {
  return { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image }] } };
}

function change(cluster: FakeCluster, spec: Partial<Deployment['spec']>) {
  const deployment = cluster.view.get('Deployment', ref);
  if (deployment === undefined) throw new Error('no deployment');
  cluster.update('Deployment', { ...deployment, spec: { ...deployment.spec, ...spec } });
}

/** As if the ReplicaSet controller and the nodes had done their part, at once. */
function allReady(cluster: FakeCluster) {
  for (const set of cluster.view.list('ReplicaSet')) {
    const count = set.spec.replicas ?? 0;
    const status = { replicas: count, readyReplicas: count, availableReplicas: count, observedGeneration: 1 };
    cluster.updateStatus('ReplicaSet', { ...set, status });
  }
}

async function rollOut(cluster: FakeCluster) {
  for (let i = 0; i < 20; i++) {
    await converge(deploymentController, cluster);
    allReady(cluster);
  }
}

function sizes(cluster: FakeCluster): Record<string, number | undefined> {
  const sets: readonly ReplicaSet[] = cluster.view.list('ReplicaSet');
  return Object.fromEntries(
    sets.map(set => [set.spec.template?.spec?.containers[0]?.image ?? '', set.spec.replicas]),
  );
}

async function aRunning(spec: Partial<Deployment['spec']> = {}) {
  const cluster = aCluster();
  given(cluster, 'Deployment', aDeployment({ spec: { replicas: 3, template: template('v1'), ...spec } }));
  await rollOut(cluster);
  return cluster;
}

describe('Deployment', () => {
  it('makes a ReplicaSet whose name, labels and selector carry the template hash', async () => {
    const cluster = await aRunning();
    const [set] = cluster.view.list('ReplicaSet');
    const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{10}$/);
    expect(set?.metadata.name).toBe(`web-${hash}`);
    expect(set?.spec.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
    expect(set?.spec.template?.metadata?.labels).toEqual({ app: 'web', 'pod-template-hash': hash });
    expect(set?.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', controller: true }]);
  });

  it('says that it is complete', async () => {
    const cluster = await aRunning();
    const status = cluster.view.get('Deployment', ref)?.status;
    expect(status).toMatchObject({
      replicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 0,
      observedGeneration: 1,
    });
    expect(status?.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ['Available', 'True', 'MinimumReplicasAvailable'],
      ['Progressing', 'True', 'NewReplicaSetAvailable'],
    ]);
  });

  it('rolls to a new template and back, re-using the ReplicaSet with a higher revision', async () => {
    const cluster = await aRunning();
    change(cluster, { template: template('v2') });
    await rollOut(cluster);
    expect(sizes(cluster)).toEqual({ v1: 0, v2: 3 });
    expect(cluster.view.get('Deployment', ref)?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '2',
    });
    change(cluster, { template: template('v1') });
    await rollOut(cluster);
    expect(sizes(cluster)).toEqual({ v1: 3, v2: 0 });
    expect(cluster.view.get('Deployment', ref)?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
    });
  });

  it('does not see a change in a template that only gained empty members', async () => {
    const cluster = await aRunning();
    const metadata = { ...template('v1').metadata, creationTimestamp: undefined, annotations: {} };
    change(cluster, { template: { ...template('v1'), metadata } });
    await rollOut(cluster);
    expect(cluster.view.list('ReplicaSet')).toHaveLength(1);
  });

  it('starts a rollout by its surge and waits for availability', async () => {
    const cluster = await aRunning({ strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    change(cluster, { template: template('v2') });
    await converge(deploymentController, cluster);
    expect(sizes(cluster)).toEqual({ v1: 3, v2: 1 });
  });

  it('recreates only once every old pod is gone', async () => {
    const cluster = await aRunning({ strategy: { type: 'Recreate' } });
    const [set] = cluster.view.list('ReplicaSet');
    if (set === undefined) throw new Error('no ReplicaSet');
    const owner = controllerReference('ReplicaSet', set);
    given(cluster, 'Pod', aPod({ owner, spec: { nodeName: 'n' }, ready: true }));
    change(cluster, { template: template('v2') });
    await converge(deploymentController, cluster);
    expect(sizes(cluster)).toEqual({ v1: 0 });
    cluster.delete('Pod', { namespace: 'default', name: 'pod' }, { gracePeriodSeconds: 0 });
    await converge(deploymentController, cluster);
    expect(sizes(cluster)).toEqual({ v1: 0, v2: 3 });
  });

  it('scales while paused, but does not roll', async () => {
    const cluster = await aRunning({ paused: false });
    change(cluster, { paused: true, replicas: 5, template: template('v2') });
    await rollOut(cluster);
    expect(sizes(cluster)).toEqual({ v1: 5 });
    change(cluster, { paused: false });
    await rollOut(cluster);
    expect(sizes(cluster)).toEqual({ v1: 0, v2: 5 });
  });

  it('keeps as many old ReplicaSets as its history says', async () => {
    const cluster = await aRunning({ revisionHistoryLimit: 1 });
    for (const image of ['v2', 'v3', 'v4']) {
      change(cluster, { template: template(image) });
      await rollOut(cluster);
    }
    expect(sizes(cluster)).toEqual({ v3: 0, v4: 3 });
  });

  it('reports a rollout that makes no progress for too long, and asks to be looked at then', async () => {
    const cluster = aCluster();
    given(cluster, 'Deployment', aDeployment({ spec: { progressDeadlineSeconds: 60 } }));
    await converge(deploymentController, cluster);
    expect(planFor(deploymentController, cluster, ref).againAtMs).toBe(NOW_MS + 60_000);
    await converge(deploymentController, cluster, { nowMs: NOW_MS + 60_000 });
    const conditions = cluster.view.get('Deployment', ref)?.status?.conditions ?? [];
    expect(conditions.find(({ type }) => type === 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
    });
    expect(planFor(deploymentController, cluster, ref).againAtMs).toBeUndefined();
  });

  it('finds another name when its own is taken by a stranger', async () => {
    const first = await aRunning();
    const taken = first.view.list('ReplicaSet')[0]?.metadata.name;
    const cluster = aCluster();
    const owner = { apiVersion: 'x/v1', kind: 'X', name: 'x', uid: 'x', controller: true };
    given(cluster, 'ReplicaSet', aReplicaSet({ name: taken, meta: { ownerReferences: [owner] } }));
    given(cluster, 'Deployment', aDeployment({ spec: { replicas: 3, template: template('v1') } }));
    await converge(deploymentController, cluster);
    expect(cluster.view.list('ReplicaSet')).toHaveLength(2);
    expect(cluster.view.get('Deployment', ref)?.status?.collisionCount).toBe(1);
  });

  it('comes to rest at its size after any history of changes', async () => {
    const aChange = fc.record({
      replicas: fc.nat(6),
      image: fc.constantFrom('v1', 'v2', 'v3'),
      paused: fc.boolean(),
      settle: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(aChange, { maxLength: 5 }),
        fc.constantFrom('Recreate', 'RollingUpdate'),
        async (changes, type) => {
          const cluster = await aRunning({ strategy: { type } });
          for (const { replicas, image, paused, settle } of changes) {
            change(cluster, { replicas, paused, template: template(image) });
            await converge(deploymentController, cluster);
            if (settle) allReady(cluster);
          }
          change(cluster, { paused: false });
          await rollOut(cluster);
          const { replicas = 1, template: wanted } = cluster.view.get('Deployment', ref)?.spec ?? {};
          const total = Object.values(sizes(cluster)).reduce<number>((sum, size) => sum + (size ?? 0), 0);
          expect(total).toBe(replicas);
          expect(sizes(cluster)[wanted?.spec?.containers[0]?.image ?? '']).toBe(replicas);
        },
      ),
      { numRuns: 40 },
    );
  });
});
