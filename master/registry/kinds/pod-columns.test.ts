import { describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod } from '../../../shared/kubernetes/objects.ts';
import { shownReadinessGates, shownReady, shownRestarts, shownStatus } from './pod-columns.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const startedAt = new Date(NOW_MS - 60_000).toISOString();

function aStatus(name: string, change: Partial<ContainerStatus> = {}): ContainerStatus {
  const state = { running: { startedAt } };
  return { name, image: '', imageID: '', ready: true, started: true, restartCount: 0, state, ...change };
}

const served = { ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } };
const waiting = (reason: string) => ({ ready: false, started: false, state: { waiting: { reason } } });

/** One init container, one sidecar, two main containers. */
function aPod(
  init: readonly ContainerStatus[],
  mains: readonly ContainerStatus[],
  conditions: readonly string[] = [],
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: startedAt,
    },
    spec: {
      initContainers: [{ name: 'init' }, { name: 'side', restartPolicy: 'Always' }],
      containers: [{ name: 'a' }, { name: 'b' }],
      readinessGates: [{ conditionType: 'example.com/one' }, { conditionType: 'example.com/two' }],
    },
    status: {
      phase: 'Running',
      initContainerStatuses: [...init],
      containerStatuses: [...mains],
      conditions: conditions.map(type => ({ type, status: 'True' })),
    },
  };
}

const notYet = [aStatus('a', waiting('PodInitializing')), aStatus('b', waiting('PodInitializing'))];
const both = [aStatus('a'), aStatus('b')];

describe('the columns of a pod', () => {
  it.each([
    {
      name: 'the first init container runs',
      init: [aStatus('init', { ready: false })],
      mains: notYet,
      want: ['0/3', 'Init:0/2'],
    },
    {
      name: 'the sidecar is about to start',
      init: [aStatus('init', served), aStatus('side', waiting('PodInitializing'))],
      mains: notYet,
      want: ['0/3', 'Init:1/2'],
    },
    {
      name: 'an init container crashes',
      init: [aStatus('init', waiting('CrashLoopBackOff'))],
      mains: notYet,
      want: ['0/3', 'Init:CrashLoopBackOff'],
    },
    {
      name: 'all runs',
      init: [aStatus('init', served), aStatus('side')],
      mains: both,
      want: ['3/3', 'Running'],
    },
    {
      name: 'the sidecar crashes later',
      init: [aStatus('init', served), aStatus('side', waiting('CrashLoopBackOff'))],
      mains: both,
      conditions: ['Initialized'],
      want: ['2/3', 'Running'],
    },
    {
      name: 'one has ended and one runs, ready',
      init: [aStatus('init', served), aStatus('side')],
      mains: [aStatus('a', served), aStatus('b')],
      conditions: ['Initialized', 'Ready'],
      want: ['2/3', 'Running'],
    },
    {
      name: 'one has ended and one runs, not ready',
      init: [aStatus('init', served), aStatus('side')],
      mains: [aStatus('a', served), aStatus('b')],
      conditions: ['Initialized'],
      want: ['2/3', 'NotReady'],
    },
  ])('$name', ({ init, mains, conditions, want }) => {
    const pod = aPod(init, mains, conditions);
    expect([shownReady(pod), shownStatus(pod)]).toEqual(want);
  });

  it('counts restarts of init containers while these run, and of sidecars for ever', () => {
    const side = aStatus('side', { restartCount: 2 });
    const crashing = aStatus('init', { ...waiting('CrashLoopBackOff'), restartCount: 3 });
    expect(shownRestarts(aPod([crashing], notYet), NOW_MS)).toBe('3');
    const ended = aStatus('init', { ...served, restartCount: 3 });
    const lastState = { terminated: { exitCode: 1, finishedAt: startedAt } };
    const restarted = aStatus('a', { restartCount: 1, lastState });
    expect(shownRestarts(aPod([ended, side], [restarted, aStatus('b')]), NOW_MS)).toBe('3 (60s ago)');
  });

  it('counts readiness gates', () => {
    expect(shownReadinessGates(aPod([], both, ['example.com/two']))).toBe('1/2');
    expect(shownReadinessGates({ ...aPod([], both), spec: { containers: [] } })).toBe('<none>');
  });
});
