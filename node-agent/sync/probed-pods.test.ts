/** What follows for plan and status from what probes and hooks say. */
import type * as core from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { probeTargets } from '../probes/probe-targets.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import { newMemory, noteExits, type SyncMemory } from './memory.ts';
import { plan } from './plan.ts';
import { aContainer, aDocument, aRuntimeContainer, exited } from './pod-builders.ts';
import { podStatus } from './pod-status.ts';

const web = aRuntimeContainer();
const probe = { exec: { command: ['check'] } };

function memoryOf(change: Partial<SyncMemory> = {}): SyncMemory {
  const memory = { ...newMemory(), ...change };
  memory.images.set('app:1', { imageId: 'sha256:1', digests: [], sizeBytes: 1, user: '' });
  return memory;
}

const verdicts = (of: SyncMemory['verdicts'] extends Map<string, infer V> ? V : never, id = web.id) =>
  new Map([[id, of]]);

function aPod(container: Partial<core.Container>, spec: Partial<core.PodSpec> = {}): PodDocument {
  return aDocument({ spec: { containers: [aContainer(container)], ...spec } });
}

const wantedOf = (document: PodDocument, terminateWithinSeconds?: number) => [
  { uid: document.uid, digest: 'd1', document, terminateWithinSeconds },
];

function stepsOf(document: PodDocument, containers: readonly RuntimeContainer[], memory: SyncMemory) {
  const input = { wanted: wantedOf(document), containers, memory, graceOfLeft: new Map(), nowMs: 0 };
  return plan(input).steps;
}

function statusOf(document: PodDocument, containers: readonly RuntimeContainer[], memory: SyncMemory) {
  const [wanted] = wantedOf(document);
  if (!wanted) return expect.unreachable();
  const times = { nowMs: 0, wallMs: Date.UTC(2026, 0, 1) };
  return podStatus({ wanted, containers, memory, hostIp: '10.0.0.5', ...times }) ?? expect.unreachable();
}

function conditionOf(status: core.PodStatus, type: string) {
  const { lastTransitionTime: _, ...condition } =
    status.conditions?.find(each => each.type === type) ?? expect.unreachable();
  return condition;
}

const kindsOf = (document: PodDocument, memory: SyncMemory, terminateWithinSeconds?: number) =>
  probeTargets(wantedOf(document, terminateWithinSeconds), [web], memory).map(({ kind }) => kind);

describe('which probes run', () => {
  const all = aPod({ startupProbe: probe, livenessProbe: probe, readinessProbe: probe });
  const rows = [
    { name: 'startup alone at first', memory: memoryOf(), want: ['startup'] },
    {
      name: 'the others once it has succeeded',
      memory: memoryOf({ verdicts: verdicts({ startup: 'success' }) }),
      want: ['liveness', 'readiness'],
    },
    {
      name: 'none of a container that must go',
      memory: memoryOf({ verdicts: verdicts({ startup: 'success', liveness: 'failure' }) }),
      want: [],
    },
    {
      name: 'none before the postStart hook has ended',
      memory: memoryOf({ starting: new Set([web.id]) }),
      want: [],
    },
    {
      name: 'readiness alone while the pod is deleted',
      memory: memoryOf({ verdicts: verdicts({ startup: 'success' }) }),
      terminateWithinSeconds: 30,
      want: ['readiness'],
    },
  ];
  it.each(rows)('$name', ({ memory, terminateWithinSeconds, want }) => {
    expect(kindsOf(all, memory, terminateWithinSeconds)).toEqual(want);
  });
  it('none of a pod without any', () => {
    expect(kindsOf(aDocument(), memoryOf())).toEqual([]);
  });
});

describe('a failed probe', () => {
  it("kills the container with the probe's own grace, else the pod's", () => {
    const memory = memoryOf({ verdicts: verdicts({ liveness: 'failure' }) });
    const own = { ...probe, terminationGracePeriodSeconds: 3 };
    const spec = { terminationGracePeriodSeconds: 60 };
    const stop = { kind: 'stop', uid: 'uid-1', container: 'web', id: web.id, reason: 'liveness' };
    expect(stepsOf(aPod({ livenessProbe: own }, spec), [web], memory)).toEqual([
      { ...stop, graceSeconds: 3 },
    ]);
    expect(stepsOf(aPod({ livenessProbe: probe }, spec), [web], memory)).toEqual([
      { ...stop, graceSeconds: 60 },
    ]);
  });

  it('of startup kills it too', () => {
    const memory = memoryOf({ verdicts: verdicts({ startup: 'failure' }) });
    expect(stepsOf(aPod({ startupProbe: probe }), [web], memory)).toMatchObject([
      { kind: 'stop', reason: 'startup' },
    ]);
  });

  it('of readiness kills nothing', () => {
    const memory = memoryOf({ verdicts: verdicts({ readiness: 'failure' }) });
    expect(stepsOf(aPod({ readinessProbe: probe }), [web], memory)).toEqual([]);
  });

  it.each([
    { restartPolicy: 'OnFailure', want: ['run'] },
    { restartPolicy: 'Never', want: [] },
  ])('restarts as $restartPolicy says, whatever the exit code', ({ restartPolicy, want }) => {
    const ended = aRuntimeContainer({ state: exited(0) });
    const memory = memoryOf({ verdicts: verdicts({ liveness: 'failure' }) });
    const steps = stepsOf(aPod({ livenessProbe: probe }, { restartPolicy }), [ended], memory);
    expect(steps.map(({ kind }) => kind)).toEqual(want);
  });

  it('counts as a crash: the second kill in a row has a back-off', () => {
    const document = aPod({ livenessProbe: probe });
    const memory = memoryOf();
    for (const attempt of [0, 1]) {
      const ended = aRuntimeContainer({ attempt, state: exited(137) });
      memory.verdicts.set(ended.id, { liveness: 'failure' });
      noteExits(memory, [ended], 0);
      if (attempt === 0) expect(stepsOf(document, [ended], memory)).toMatchObject([{ kind: 'run' }]);
      else
        expect(statusOf(document, [ended], memory).containerStatuses?.[0]?.state?.waiting?.reason).toBe(
          'CrashLoopBackOff',
        );
    }
  });
});

describe('readiness', () => {
  const document = aPod({ readinessProbe: probe });

  it('is missing until the probe succeeds', () => {
    const status = statusOf(document, [web], memoryOf());
    expect(status.phase).toBe('Running');
    expect(status.containerStatuses).toMatchObject([{ ready: false, started: true }]);
    const unready = {
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [web]',
    };
    expect(conditionOf(status, 'Ready')).toEqual({ type: 'Ready', ...unready });
    expect(conditionOf(status, 'ContainersReady')).toEqual({ type: 'ContainersReady', ...unready });
  });

  it('is there since the probe said so, for an agent that starts again too', () => {
    const readySinceMs = Date.UTC(2025, 5, 1);
    const memory = memoryOf({ verdicts: verdicts({ readiness: 'success', readySinceMs }) });
    const ready = statusOf(document, [web], memory).conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ status: 'True', lastTransitionTime: '2025-06-01T00:00:00Z' });
  });

  it('waits for the startup probe', () => {
    const slow = aPod({ startupProbe: probe });
    expect(statusOf(slow, [web], memoryOf()).containerStatuses).toMatchObject([
      { ready: false, started: false },
    ]);
    const memory = memoryOf({ verdicts: verdicts({ startup: 'success' }) });
    expect(statusOf(slow, [web], memory).containerStatuses).toMatchObject([{ ready: true, started: true }]);
  });

  it('of the pod waits for its gates', () => {
    const readinessGates = [{ conditionType: 'a.example/open' }, { conditionType: 'b.example/open' }];
    const gated = { ...aPod({}, { readinessGates }), conditions: { 'a.example/open': 'False' } };
    const closed = statusOf(gated, [web], memoryOf());
    expect(conditionOf(closed, 'ContainersReady')).toEqual({ type: 'ContainersReady', status: 'True' });
    expect(conditionOf(closed, 'Ready')).toEqual({
      type: 'Ready',
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message:
        'the status of pod readiness gate "a.example/open" is not "True", but False, corresponding condition of pod readiness gate "b.example/open" does not exist.',
    });
    const conditions = { 'a.example/open': 'True', 'b.example/open': 'True' };
    expect(conditionOf(statusOf({ ...gated, conditions }, [web], memoryOf()), 'Ready').status).toBe('True');
  });
});

describe('a sidecar with a startup probe', () => {
  const sidecar = aContainer({
    name: 's',
    restartPolicy: 'Always',
    startupProbe: probe,
    readinessProbe: probe,
  });
  const document = aPod({}, { initContainers: [sidecar, aContainer({ name: 'i' })] });
  const running = aRuntimeContainer({ container: 's' });

  it('lets the next init container run once it has started', () => {
    expect(stepsOf(document, [running], memoryOf())).toEqual([]);
    const waiting = statusOf(document, [running], memoryOf());
    expect(conditionOf(waiting, 'Initialized').message).toBe('containers with incomplete status: [s i]');
    const memory = memoryOf({ verdicts: verdicts({ startup: 'success' }, running.id) });
    expect(stepsOf(document, [running], memory)).toMatchObject([{ kind: 'run', container: 'i' }]);
    const started = statusOf(document, [running], memory);
    expect(conditionOf(started, 'Initialized').message).toBe('containers with incomplete status: [i]');
  });

  it('counts for the readiness of the pod', () => {
    const containers = [running, aRuntimeContainer({ joined: running.id })];
    const memory = memoryOf({ verdicts: verdicts({ startup: 'success' }, running.id) });
    expect(conditionOf(statusOf(document, containers, memory), 'Ready').message).toBe(
      'containers with unready status: [s]',
    );
  });
});

describe('a postStart hook', () => {
  const hooked = { lifecycle: { postStart: { exec: { command: ['warm'] } } } };
  const containers = [aContainer({ name: 'a', ...hooked }), aContainer({ name: 'b' })];
  const document = aDocument({ spec: { containers } });
  const a = aRuntimeContainer({ container: 'a' });

  it('keeps its container waiting, and those after it', () => {
    const memory = memoryOf({ starting: new Set([a.id]) });
    expect(stepsOf(document, [a], memory)).toEqual([]);
    const status = statusOf(document, [a], memory);
    expect(status.phase).toBe('Pending');
    expect(status.containerStatuses).toMatchObject([
      { name: 'a', ready: false, started: false, state: { waiting: { reason: 'ContainerCreating' } } },
      { name: 'b', ready: false, state: { waiting: { reason: 'ContainerCreating' } } },
    ]);
    expect(stepsOf(document, [a], memoryOf())).toMatchObject([{ kind: 'run', container: 'b' }]);
  });
});
