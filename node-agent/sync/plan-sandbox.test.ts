import type * as core from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import { newMemory, noteExits, noteFailure } from './memory.ts';
import { plan } from './plan.ts';
import { aContainer, aDocument, aRuntimeContainer, exited } from './pod-builders.ts';
import { needsSandbox, SANDBOX } from './sandbox.ts';

const two = [aContainer({ name: 'a' }), aContainer({ name: 'b' })];
const init = aContainer({ name: 'i' });
const FIRST = 'uid-1-POD-0';

const sandbox = (change: Parameters<typeof aRuntimeContainer>[0] = {}) =>
  aRuntimeContainer({ container: SANDBOX, ...change });
const inFirst = (container: string, change: Parameters<typeof aRuntimeContainer>[0] = {}) =>
  aRuntimeContainer({ container, joined: FIRST, ...change });

function planOf(
  spec: Partial<core.PodSpec>,
  containers: readonly RuntimeContainer[],
  { memory = newMemory(), nowMs = 0 } = {},
) {
  memory.images.set('app:1', { imageId: 'sha256:1', digests: [], sizeBytes: 1, user: '' });
  noteExits(memory, containers, nowMs);
  const wanted = [{ uid: 'uid-1', digest: 'd1', document: aDocument({ spec }) }];
  const made = plan({ wanted, containers, memory, graceOfLeft: new Map(), nowMs });
  const steps = made.steps.map(step => {
    const attempt = 'attempt' in step ? ` ${step.attempt}` : '';
    return 'container' in step ? `${step.kind} ${step.container}${attempt}` : step.kind;
  });
  return { ...made, steps };
}

describe('which pods have a sandbox', () => {
  const podIp = { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } };
  it.each([
    { name: 'one container', spec: {}, want: false },
    { name: 'two containers', spec: { containers: two }, want: true },
    { name: 'an init container', spec: { initContainers: [init] }, want: true },
    { name: 'shared processes', spec: { shareProcessNamespace: true }, want: true },
    {
      name: 'its address in the environment',
      spec: { containers: [aContainer({ env: [podIp] })] },
      want: true,
    },
    { name: 'one container on the host network', spec: { hostNetwork: true }, want: false },
  ])('$name: $want', ({ spec, want }) => {
    expect(needsSandbox(aDocument({ spec }).spec)).toBe(want);
  });
});

describe('the plan for a pod with a sandbox', () => {
  it.each<{
    name: string;
    spec: Partial<core.PodSpec>;
    containers: RuntimeContainer[];
    want: string[];
  }>([
    {
      name: 'makes the sandbox first',
      spec: { containers: two },
      containers: [],
      want: ['run-sandbox POD 0'],
    },
    {
      name: 'then runs the containers in it',
      spec: { containers: two },
      containers: [sandbox()],
      want: ['run a 0', 'run b 0'],
    },
    {
      name: 'starts one that was made and not started',
      spec: { containers: two },
      containers: [sandbox({ state: { kind: 'created' } })],
      want: ['run-sandbox POD 0'],
    },
    {
      name: 'restarts a container alone',
      spec: { containers: two },
      containers: [sandbox(), inFirst('a', { state: exited(1) }), inFirst('b')],
      want: ['run a 1'],
    },
    {
      name: 'stops what has lost its sandbox before it makes another',
      spec: { containers: two },
      containers: [sandbox({ state: exited(137) }), inFirst('a'), inFirst('b', { state: exited(0) })],
      want: ['stop a'],
    },
    {
      name: 'then makes another',
      spec: { containers: two },
      containers: [sandbox({ state: exited(137) }), inFirst('a', { state: exited(143) })],
      want: ['run-sandbox POD 1'],
    },
    {
      name: 'takes one that was removed for one that died',
      spec: { containers: two },
      containers: [inFirst('a'), inFirst('b')],
      want: ['stop a', 'stop b'],
    },
    {
      name: 'starts from the init containers in a new one',
      spec: { containers: two, initContainers: [init] },
      containers: [
        sandbox({ attempt: 1 }),
        inFirst('i', { state: exited(0) }),
        inFirst('a', { state: exited(143) }),
        inFirst('b', { state: exited(143) }),
      ],
      want: ['run i 1'],
    },
    {
      name: 'makes none for a pod that runs nothing again',
      spec: { containers: two, restartPolicy: 'Never' },
      containers: [
        sandbox({ state: exited(137) }),
        inFirst('a', { state: exited(143) }),
        inFirst('b', { state: exited(143) }),
      ],
      want: [],
    },
    {
      name: 'stops the sandbox of a pod that has finished',
      spec: { containers: two, restartPolicy: 'OnFailure' },
      containers: [sandbox(), inFirst('a', { state: exited(0) }), inFirst('b', { state: exited(0) })],
      want: ['stop POD'],
    },
    {
      name: 'keeps no record of earlier ones',
      spec: { containers: two },
      containers: [
        sandbox({ state: exited(137) }),
        sandbox({ attempt: 1 }),
        inFirst('a', { joined: 'uid-1-POD-1' }),
        inFirst('b', { joined: 'uid-1-POD-1' }),
      ],
      want: ['remove POD'],
    },
    {
      name: 'leaves alone a pod that runs without one, as earlier versions made it',
      spec: { containers: two },
      containers: [
        aRuntimeContainer({ container: 'a' }),
        aRuntimeContainer({ container: 'b', joined: 'uid-1-a-0' }),
      ],
      want: [],
    },
    {
      name: 'gives it one once nothing of it runs',
      spec: { containers: two },
      containers: [
        aRuntimeContainer({ container: 'a', state: exited(255) }),
        aRuntimeContainer({ container: 'b', joined: 'uid-1-a-0', state: exited(255) }),
      ],
      want: ['run-sandbox POD 0'],
    },
  ])('$name', ({ spec, containers, want }) => {
    expect(planOf(spec, containers).steps).toEqual(want);
  });

  it('removes the sandbox after all that ran in it', () => {
    const gone = (containers: RuntimeContainer[]) => {
      const wanted = [{ uid: 'uid-1', digest: 'd1', document: aDocument(), terminateWithinSeconds: 5 }];
      const input = { wanted, containers, memory: newMemory(), graceOfLeft: new Map(), nowMs: 0 };
      return plan(input).steps.map(step =>
        'container' in step ? `${step.kind} ${step.container}` : step.kind,
      );
    };
    expect(gone([sandbox(), inFirst('a')])).toEqual(['stop a']);
    expect(gone([sandbox(), inFirst('a', { state: exited(0) })])).toEqual(['remove POD', 'remove a']);
  });

  it('waits after a sandbox that could not be made', () => {
    const memory = newMemory();
    const failure = { reason: 'CreateContainerError', message: 'port is taken', digest: 'd1' } as const;
    noteFailure(memory, { key: 'uid-1/POD', ...failure }, 0);
    const resting = planOf({ containers: two }, [], { memory });
    expect(resting.steps).toEqual([]);
    const nowMs = resting.wakeAtMs ?? 0;
    expect(planOf({ containers: two }, [], { memory, nowMs }).steps).toEqual(['run-sandbox POD 0']);
  });
});
