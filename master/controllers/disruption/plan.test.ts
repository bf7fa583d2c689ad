import { describe, expect, it } from 'vitest';
import type { PodDisruptionBudget } from '../../../shared/kubernetes/objects.ts';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import { aPod, aReplicaSet } from '../../../test/support/builders.ts';
import { aCluster, converge, given } from '../../../test/support/converge.ts';
import { disruptionController } from './plan.ts';

const ref = { namespace: 'default', name: 'web' };
const meta = { labels: { app: 'web' } };

async function statusFor(spec: Partial<PodDisruptionBudget['spec']>, ready: readonly boolean[]) {
  const cluster = aCluster();
  const owner = controllerReference(
    'ReplicaSet',
    given(cluster, 'ReplicaSet', aReplicaSet({ spec: { replicas: ready.length } })),
  );
  ready.forEach((isReady, i) => {
    given(cluster, 'Pod', aPod({ name: `p${i}`, meta, owner, ready: isReady }));
  });
  given(cluster, 'PodDisruptionBudget', {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ref,
    spec: { selector: { matchLabels: meta.labels }, ...spec },
  });
  await converge(disruptionController, cluster);
  return { cluster, status: cluster.view.get('PodDisruptionBudget', ref)?.status };
}

describe('PodDisruptionBudget', () => {
  it.each([
    { spec: { minAvailable: 2 }, ready: [true, true, true], allowed: 1, desired: 2 },
    { spec: { minAvailable: 2 }, ready: [true, true, false], allowed: 0, desired: 2 },
    { spec: { maxUnavailable: 1 }, ready: [true, true, true], allowed: 1, desired: 2 },
    { spec: { maxUnavailable: '50%' }, ready: [true, true, true], allowed: 2, desired: 1 },
    { spec: { minAvailable: '50%' }, ready: [true, true, true], allowed: 1, desired: 2 },
    { spec: { maxUnavailable: 0 }, ready: [true, true], allowed: 0, desired: 2 },
  ])('$spec with $ready allows $allowed', async ({ spec, ready, allowed, desired }) => {
    const { status } = await statusFor(spec, ready);
    expect(status).toMatchObject({
      disruptionsAllowed: allowed,
      desiredHealthy: desired,
      expectedPods: ready.length,
      conditions: [{ reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods' }],
    });
  });

  it('holds a pod whose eviction was allowed for gone, until it is', async () => {
    const { cluster, status } = await statusFor({ minAvailable: 1 }, [true, true]);
    const budget = cluster.view.get('PodDisruptionBudget', ref);
    if (budget === undefined || status === undefined) throw new Error('no budget');
    const disruptedPods = { p0: '2023-11-14T22:13:20Z' };
    cluster.updateStatus('PodDisruptionBudget', {
      ...budget,
      status: { ...status, disruptionsAllowed: 0, disruptedPods },
    });
    await converge(disruptionController, cluster);
    expect(cluster.view.get('PodDisruptionBudget', ref)?.status).toMatchObject({
      currentHealthy: 1,
      disruptionsAllowed: 0,
    });
    cluster.delete('Pod', { namespace: 'default', name: 'p0' });
    await converge(disruptionController, cluster);
    expect(cluster.view.get('PodDisruptionBudget', ref)?.status?.disruptedPods).toBeUndefined();
  });
});
