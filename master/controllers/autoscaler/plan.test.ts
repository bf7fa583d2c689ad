import { describe, expect, it } from 'vitest';
import type { HorizontalPodAutoscaler } from '../../../shared/kubernetes/objects.ts';
import { aDeployment, aPod, requesting } from '../../../test/support/builders.ts';
import { aCluster, given, NOW_MS } from '../../../test/support/converge.ts';
import { limitedSize, NO_HISTORY, remembered, type ScalingHistory } from './behavior.ts';
import { decide } from './plan.ts';

const ref = { namespace: 'default', name: 'web' };

function aScaler(spec: Partial<HorizontalPodAutoscaler['spec']> = {}): HorizontalPodAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...ref, uid: 'hpa', resourceVersion: '1', creationTimestamp: '2023-11-14T22:13:20Z' },
    spec: {
      minReplicas: 1,
      maxReplicas: 10,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        },
      ],
      ...spec,
    },
  };
}

/** Pods asking for 100m each; undefined says nothing of its use, and `ready` false is starting. */
function decideFor(
  used: readonly (number | undefined)[],
  spec: Partial<HorizontalPodAutoscaler['spec']> = {},
  ready = used.map(() => true),
  history: ScalingHistory = { asked: [{ atMs: NOW_MS - 600_000, replicas: used.length }], changes: [] },
) {
  const cluster = aCluster();
  given(cluster, 'Deployment', aDeployment({ spec: { replicas: used.length } }));
  const byName = new Map<string, number>();
  used.forEach((cpuMilli, i) => {
    const name = `p${i}`;
    if (cpuMilli !== undefined) byName.set(name, cpuMilli);
    const isReady = ready[i] ?? true;
    given(
      cluster,
      'Pod',
      aPod({ name, meta: { labels: { app: 'web' } }, spec: requesting('100m', '32Mi'), ready: isReady }),
    );
  });
  const usage = {
    podUsage: ({ metadata }: { metadata: { name: string } }) => {
      const cpuMilli = byName.get(metadata.name);
      return cpuMilli === undefined ? undefined : [{ name: 'main', cpuMilli, memoryBytes: 0 }];
    },
  };
  const input = { view: cluster.view, ref, nowMs: NOW_MS, suffix: () => 'x' };
  const { actions } = decide(aScaler(spec), input, { usage, history });
  const update = actions.find(action => action.kind === 'update' && action.of === 'Deployment');
  const status = actions.find(
    action => action.kind === 'updateStatus' && action.of === 'HorizontalPodAutoscaler',
  );
  const size =
    update?.kind === 'update' && update.of === 'Deployment' ? update.object.spec.replicas : used.length;
  const conditions =
    status?.kind === 'updateStatus' && status.of === 'HorizontalPodAutoscaler'
      ? (status.object.status?.conditions ?? [])
      : [];
  return { size, reasons: conditions.map(({ reason }) => reason) };
}

describe('HorizontalPodAutoscaler', () => {
  it('keeps the size that it finds for the window of shrinking', () => {
    const { size, reasons } = decideFor([10, 10, 10, 10], {}, undefined, NO_HISTORY);
    expect(size).toBe(4);
    expect(reasons).toContain('ScaleDownStabilized');
  });

  it.each([
    { name: 'grows in proportion', used: [100, 100], size: 4 },
    { name: 'shrinks in proportion', used: [10, 10, 10, 10], size: 1 },
    { name: 'leaves alone what is within a tenth', used: [54, 54], size: 2 },
    { name: 'takes a pod without a figure for idle when growing', used: [100, undefined], size: 2 },
    { name: 'takes a pod without a figure for fully used when shrinking', used: [10, undefined], size: 2 },
    { name: 'grows no further than its bound', used: [900, 900, 900], size: 7 },
    { name: 'does nothing when nothing is known', used: [undefined, undefined], size: 2 },
  ])('$name', ({ used, size }) => {
    expect(decideFor(used).size).toBe(size);
  });

  it('says why it does nothing', () => {
    expect(decideFor([undefined]).reasons).toEqual(['SucceededGetScale', 'FailedGetResourceMetric']);
    expect(decideFor([60, 60], { maxReplicas: 1 })).toMatchObject({ size: 1 });
    expect(decideFor([100], { scaleTargetRef: { kind: 'Deployment', name: 'gone' } }).reasons).toEqual([
      'FailedGetScale',
    ]);
  });

  it('does not count what a starting pod burns', () => {
    expect(decideFor([50, 500], {}, [true, false]).size).toBe(2);
  });

  it('shrinks to the most that was asked for in the last five minutes', () => {
    const size = { asked: 1, current: 5, nowMs: NOW_MS };
    const minuteAgo = remembered(NO_HISTORY, { nowMs: NOW_MS - 60_000, asked: 4 });
    expect(limitedSize(aScaler(), size, minuteAgo)).toMatchObject({
      limited: { replicas: 4 },
      isStabilized: 'down',
    });
    const longAgo = remembered(NO_HISTORY, { nowMs: NOW_MS - 301_000, asked: 4 });
    expect(limitedSize(aScaler(), size, longAgo)).toMatchObject({ limited: { replicas: 1 } });
  });

  it('keeps to its policies', () => {
    const policies = [{ type: 'Pods', value: 1, periodSeconds: 60 }];
    const scaler = aScaler({ behavior: { scaleUp: { policies, selectPolicy: 'Max' } } });
    const size = { asked: 9, current: 3, nowMs: NOW_MS };
    expect(limitedSize(scaler, size, NO_HISTORY).limited).toMatchObject({
      replicas: 4,
      reason: 'ScaleUpLimit',
    });
    const grownLately = remembered(NO_HISTORY, { nowMs: NOW_MS - 10_000, by: 1 });
    expect(limitedSize(scaler, size, grownLately).limited.replicas).toBe(3);
  });
});
