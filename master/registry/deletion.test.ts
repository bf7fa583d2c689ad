import { describe, expect, it } from 'vitest';
import type { Pod } from '../../shared/kubernetes/objects.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { planDeletion } from './deletion.ts';
import { KINDS } from './kinds.ts';

const NOW = 1_700_000_000_000;
const aPod = (metadata: Partial<Pod['metadata']> = {}, rest: Partial<Pod> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'p',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: formatTime(NOW),
    ...metadata,
  },
  spec: { containers: [], nodeName: 'pi-1', terminationGracePeriodSeconds: 30 },
  ...rest,
});
const plan = (pod: Pod, options = {}) => planDeletion(KINDS.Pod, pod, options, NOW);

describe('deletion of a pod', () => {
  it('removes at once what no node runs, what is over, and what is forced', () => {
    expect(plan(aPod({}, { spec: { containers: [] } }))).toEqual({ kind: 'remove' });
    expect(plan(aPod({}, { status: { phase: 'Succeeded' } }))).toEqual({ kind: 'remove' });
    expect(plan(aPod(), { gracePeriodSeconds: 0 })).toEqual({ kind: 'remove' });
  });

  it('marks a running pod with its grace period', () => {
    expect(plan(aPod())).toMatchObject({
      kind: 'mark',
      metadata: { deletionGracePeriodSeconds: 30, deletionTimestamp: formatTime(NOW + 30_000) },
    });
  });

  it('may shorten a grace period, never lengthen it', () => {
    const marked = aPod({ deletionTimestamp: formatTime(NOW), deletionGracePeriodSeconds: 10 });
    expect(plan(marked, { gracePeriodSeconds: 60 })).toEqual({ kind: 'none' });
    expect(plan(marked, { gracePeriodSeconds: 5 })).toMatchObject({
      kind: 'mark',
      metadata: { deletionGracePeriodSeconds: 5 },
    });
  });

  it('holds on for finalizers, its own and those that the policy brings', () => {
    expect(plan(aPod({ finalizers: ['x/y'] }), { gracePeriodSeconds: 0 })).toMatchObject({ kind: 'mark' });
    expect(plan(aPod(), { gracePeriodSeconds: 0, propagation: 'Foreground' })).toMatchObject({
      metadata: { finalizers: ['foregroundDeletion'] },
    });
    expect(plan(aPod(), { gracePeriodSeconds: 0, propagation: 'Orphan' })).toMatchObject({
      metadata: { finalizers: ['orphan'] },
    });
  });
});
