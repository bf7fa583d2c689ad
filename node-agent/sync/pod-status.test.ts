import type * as core from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import {
  type ContainerFailureReason,
  newMemory,
  noteExits,
  noteFailure,
  notePullFailure,
  type SyncMemory,
} from './memory.ts';
import { aContainer, aDocument, aRuntimeContainer, exited, running } from './pod-builders.ts';
import { goneStatus, podStatus } from './pod-status.ts';

const NOW_MS = 100_000;
const WALL_MS = Date.UTC(2026, 0, 1);

function statusOf(
  document: PodDocument,
  containers: readonly RuntimeContainer[],
  memory: SyncMemory = newMemory(),
  change: { readonly before?: core.PodStatus; readonly terminateWithinSeconds?: number } = {},
): core.PodStatus {
  const { before, terminateWithinSeconds } = change;
  const wanted = { uid: document.uid, digest: 'd1', document, terminateWithinSeconds };
  const status = podStatus({
    wanted,
    containers,
    memory,
    hostIp: '10.0.0.5',
    nowMs: NOW_MS,
    wallMs: WALL_MS,
    before,
  });
  if (!status) throw new Error('no status');
  return status;
}

function crashed(times: number): { memory: SyncMemory; containers: RuntimeContainer[] } {
  const memory = newMemory();
  let containers: RuntimeContainer[] = [];
  for (let attempt = 0; attempt < times; attempt++) {
    containers = [aRuntimeContainer({ attempt, state: exited(1) }), ...containers];
    noteExits(memory, containers, NOW_MS);
  }
  return { memory, containers };
}

function failing(reason: ContainerFailureReason) {
  const memory = newMemory();
  noteFailure(memory, { key: 'uid-1/web', reason, message: 'why', digest: 'd1' }, NOW_MS);
  return memory;
}

function pulling(agoMs: number): SyncMemory {
  const memory = newMemory();
  notePullFailure(memory, 'app:1', { message: 'no such image', failure: 'image-not-found' }, NOW_MS - agoMs);
  return memory;
}

function absent(): SyncMemory {
  const memory = newMemory();
  memory.images.set('app:1', 'absent');
  return memory;
}

const never = aDocument({ spec: { restartPolicy: 'Never' } });
const neverPull = aDocument({ spec: { containers: [aContainer({ imagePullPolicy: 'Never' })] } });

describe('the state of a container', () => {
  it.each([
    { name: 'not made', document: aDocument(), containers: [], want: 'ContainerCreating' },
    {
      name: 'image being looked for',
      document: neverPull,
      containers: [],
      memory: absent(),
      want: 'ErrImageNeverPull',
    },
    {
      name: 'pull failed just now',
      document: aDocument(),
      containers: [],
      memory: pulling(100),
      want: 'ErrImagePull',
    },
    {
      name: 'pull failed',
      document: aDocument(),
      containers: [],
      memory: pulling(5000),
      want: 'ImagePullBackOff',
    },
    {
      name: 'reference missing',
      document: aDocument(),
      containers: [],
      memory: failing('CreateContainerConfigError'),
      want: 'CreateContainerConfigError',
    },
    {
      name: 'volume missing',
      document: aDocument(),
      containers: [],
      memory: failing('ContainerCreating'),
      want: 'ContainerCreating',
    },
    {
      name: 'engine refuses',
      document: aDocument(),
      containers: [],
      memory: failing('CreateContainerError'),
      want: 'CreateContainerError',
    },
    {
      name: 'start refused',
      document: aDocument(),
      containers: [aRuntimeContainer({ state: exited(127, { message: 'no such file' }) })],
      memory: failing('RunContainerError'),
      want: 'RunContainerError',
    },
    {
      name: 'no image name',
      document: aDocument({ spec: { containers: [aContainer({ image: '../x' })] } }),
      containers: [],
      want: 'InvalidImageName',
    },
    { name: 'second crash', document: aDocument(), ...crashed(2), want: 'CrashLoopBackOff' },
  ])('$name: $want', ({ document, containers, memory, want }) => {
    const [status] = statusOf(document, containers, memory).containerStatuses ?? [];
    expect(status?.state?.waiting?.reason).toBe(want);
    expect(status?.ready).toBe(false);
  });

  it.each([
    { name: 'success', state: exited(0), want: { reason: 'Completed', exitCode: 0 } },
    { name: 'failure', state: exited(3), want: { reason: 'Error', exitCode: 3 } },
    { name: 'memory', state: exited(137, { oomKilled: true }), want: { reason: 'OOMKilled', exitCode: 137 } },
    { name: 'start', state: exited(128, { message: 'no' }), want: { reason: 'StartError', message: 'no' } },
  ])('ended by $name', ({ state, want }) => {
    const status = statusOf(never, [aRuntimeContainer({ state })]).containerStatuses?.[0];
    expect(status?.state?.terminated).toMatchObject({ ...want, containerID: 'docker://uid-1-web-0' });
  });

  it('tells of the container before', () => {
    const containers = [
      aRuntimeContainer({ attempt: 3 }),
      aRuntimeContainer({ attempt: 2, state: exited(7) }),
    ];
    expect(statusOf(aDocument(), containers).containerStatuses?.[0]).toMatchObject({
      restartCount: 3,
      ready: true,
      started: true,
      containerID: 'docker://uid-1-web-3',
      imageID: 'sha256:app:1',
      state: { running: { startedAt: '2023-11-14T22:13:20Z' } },
      lastState: { terminated: { exitCode: 7 } },
    });
  });
});

describe('the phase of a pod', () => {
  const two = (restartPolicy: string) =>
    aDocument({
      spec: { restartPolicy, containers: [aContainer({ name: 'a' }), aContainer({ name: 'b' })] },
    });
  const a = (state: RuntimeContainer['state']) => aRuntimeContainer({ container: 'a', state });
  const b = (state: RuntimeContainer['state']) => aRuntimeContainer({ container: 'b', state });
  it.each([
    { name: 'nothing made', policy: 'Always', containers: [], want: 'Pending' },
    { name: 'one of two made', policy: 'Always', containers: [a(running())], want: 'Pending' },
    { name: 'both run', policy: 'Always', containers: [a(running()), b(running())], want: 'Running' },
    { name: 'one crashed', policy: 'Always', containers: [a(running()), b(exited(1))], want: 'Running' },
    {
      name: 'both ended, to restart',
      policy: 'Always',
      containers: [a(exited(0)), b(exited(0))],
      want: 'Running',
    },
    { name: 'one done', policy: 'Never', containers: [a(exited(0)), b(running())], want: 'Running' },
    { name: 'both done', policy: 'Never', containers: [a(exited(0)), b(exited(0))], want: 'Succeeded' },
    { name: 'one failed', policy: 'Never', containers: [a(exited(0)), b(exited(1))], want: 'Failed' },
    { name: 'one to retry', policy: 'OnFailure', containers: [a(exited(0)), b(exited(1))], want: 'Running' },
  ])('$policy, $name: $want', ({ policy, containers, want }) => {
    expect(statusOf(two(policy), containers).phase).toBe(want);
  });

  it('is Pending while init containers run and Failed when one failed for good', () => {
    const document = (restartPolicy: string) =>
      aDocument({ spec: { restartPolicy, initContainers: [aContainer({ name: 'i' })] } });
    const failed = [aRuntimeContainer({ container: 'i', state: exited(1) })];
    expect(statusOf(document('Always'), failed).phase).toBe('Pending');
    expect(statusOf(document('Never'), failed).phase).toBe('Failed');
    const waiting = statusOf(document('Always'), failed);
    expect(waiting.containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing');
    expect(waiting.conditions?.find(({ type }) => type === 'Initialized')).toMatchObject({
      status: 'False',
      message: 'containers with incomplete status: [i]',
    });
  });

  it('ends when a pod that is deleted has stopped', () => {
    const stopped = [aRuntimeContainer({ state: exited(0) })];
    expect(statusOf(aDocument(), stopped, newMemory(), { terminateWithinSeconds: 3 }).phase).toBe(
      'Succeeded',
    );
  });
});

describe('conditions, addresses and times', () => {
  const ready = (status: core.PodStatus) => status.conditions?.find(({ type }) => type === 'Ready');

  it('is ready when all containers run, at the address of the first', () => {
    const status = statusOf(aDocument(), [aRuntimeContainer({ ip: '172.17.0.2' })]);
    expect(status).toMatchObject({ podIP: '172.17.0.2', hostIP: '10.0.0.5', podIPs: [{ ip: '172.17.0.2' }] });
    expect(ready(status)).toMatchObject({ status: 'True', lastTransitionTime: '2023-11-14T22:13:20Z' });
  });

  it('is not ready when done', () => {
    const status = statusOf(never, [aRuntimeContainer({ state: exited(0) })]);
    expect(ready(status)).toMatchObject({ status: 'False', reason: 'PodCompleted' });
  });

  it('keeps the time of a condition until its status changes', () => {
    const before = statusOf(aDocument(), [aRuntimeContainer()]);
    expect(ready(statusOf(aDocument(), [aRuntimeContainer()], newMemory(), { before }))).toEqual(
      ready(before),
    );
    const after = statusOf(aDocument(), [aRuntimeContainer({ state: exited(1) })], newMemory(), { before });
    expect(ready(after)).toMatchObject({ status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' });
    expect(after.startTime).toBe(before.startTime);
  });

  it('uses the host address on the host network', () => {
    expect(statusOf(aDocument({ spec: { hostNetwork: true } }), []).podIP).toBe('10.0.0.5');
  });
});

describe('the last status of a pod', () => {
  it('has no container running', () => {
    const before = statusOf(aDocument(), [aRuntimeContainer()]);
    const last = goneStatus(before, WALL_MS);
    expect(last.phase).toBe('Failed');
    expect(last.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      reason: 'ContainerStatusUnknown',
    });
    expect(ready(last)?.status).toBe('False');
    function ready(status: core.PodStatus) {
      return status.conditions?.find(({ type }) => type === 'Ready');
    }
  });
});
