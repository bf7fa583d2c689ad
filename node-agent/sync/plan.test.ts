import { describe, expect, it } from 'vitest';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import type { WantedPod } from './desired-set.ts';
import {
  newMemory,
  noteExits,
  noteFailure,
  notePulled,
  notePullFailure,
  retryPulls,
  type SyncMemory,
} from './memory.ts';
import { plan } from './plan.ts';
import { aContainer, aDocument, aRuntimeContainer, exited, running } from './pod-builders.ts';
import { SANDBOX } from './sandbox.ts';
import type { Step } from './steps.ts';

const PRESENT = { imageId: 'sha256:1', digests: [], sizeBytes: 1, user: '' };

function memoryWithImages(...images: string[]): SyncMemory {
  const memory = newMemory();
  for (const image of ['app:1', ...images]) memory.images.set(image, PRESENT);
  memory.seen.set('uid-1', { atMs: 0, wallMs: 0 });
  return memory;
}

function planOf(
  document: PodDocument,
  containers: readonly RuntimeContainer[],
  change: {
    readonly memory?: SyncMemory;
    readonly nowMs?: number;
    readonly terminateWithinSeconds?: number;
  } = {},
) {
  const { memory = memoryWithImages(), nowMs = 0, terminateWithinSeconds } = change;
  const wanted: WantedPod[] = [{ uid: document.uid, digest: 'd1', document, terminateWithinSeconds }];
  return plan({ wanted, containers, memory, graceOfLeft: new Map(), nowMs });
}

function brief(steps: readonly Step[]): string[] {
  return steps.flatMap(step => {
    if (step.kind === 'pull') return step.waiting.map(({ container }) => `pull ${container}`);
    return 'container' in step ? `${step.kind} ${step.container}` : step.kind;
  });
}

const sandbox = aRuntimeContainer({ container: SANDBOX });
const two = aDocument({
  spec: { containers: [aContainer({ name: 'a' }), aContainer({ name: 'b' })] },
});

describe('the plan for one pod', () => {
  it.each([
    { name: 'runs a container that is not there', document: aDocument(), containers: [], want: ['run web'] },
    { name: 'leaves one that runs', document: aDocument(), containers: [aRuntimeContainer()], want: [] },
    {
      name: 'starts one that was created',
      document: aDocument(),
      containers: [aRuntimeContainer({ state: { kind: 'created' } })],
      want: ['start web'],
    },
    {
      name: 'restarts nothing when only labels and ConfigMaps changed',
      document: aDocument({ labels: { a: 'b' }, configMaps: { c: { data: { k: 'v' }, binaryData: {} } } }),
      containers: [aRuntimeContainer()],
      want: [],
    },
    {
      name: 'stops one of another image',
      document: aDocument({ spec: { containers: [aContainer({ image: 'app:2' })] } }),
      containers: [aRuntimeContainer()],
      want: ['stop web'],
    },
    {
      name: 'with no sandbox, as earlier versions had none, runs the joiners once the owner runs',
      document: two,
      containers: [aRuntimeContainer({ container: 'a' })],
      want: ['run b'],
    },
    {
      name: 'restarts a joiner whose network is that of an earlier owner',
      document: two,
      containers: [
        aRuntimeContainer({ container: 'a', attempt: 1 }),
        aRuntimeContainer({ container: 'b', joined: 'uid-1-a-0' }),
      ],
      want: ['stop b'],
    },
    {
      name: 'leaves the joiner while the owner is down',
      document: two,
      containers: [
        aRuntimeContainer({ container: 'a', state: exited(1) }),
        aRuntimeContainer({ container: 'b', joined: 'uid-1-a-0' }),
      ],
      want: ['run a'],
    },
    {
      name: 'runs init containers one after the other',
      document: aDocument({
        spec: { initContainers: [aContainer({ name: 'i1' }), aContainer({ name: 'i2' })] },
      }),
      containers: [
        aRuntimeContainer({ container: SANDBOX }),
        aRuntimeContainer({ container: 'i1', joined: 'uid-1-POD-0', state: exited(0) }),
      ],
      want: ['run i2'],
    },
    {
      name: 'runs no main container after an init container failed for good',
      document: aDocument({
        spec: { restartPolicy: 'Never', initContainers: [aContainer({ name: 'i1' })] },
      }),
      containers: [aRuntimeContainer({ container: 'i1', state: exited(1) })],
      want: [],
    },
    {
      name: 'never runs again what may not',
      document: aDocument({ spec: { restartPolicy: 'Never' } }),
      containers: [aRuntimeContainer({ state: exited(1) })],
      want: [],
    },
    {
      name: 'runs again on failure only',
      document: aDocument({ spec: { restartPolicy: 'OnFailure' } }),
      containers: [aRuntimeContainer({ state: exited(1) })],
      want: ['run web'],
    },
    {
      name: 'keeps the last two attempts',
      document: aDocument(),
      containers: [
        aRuntimeContainer({ attempt: 2 }),
        aRuntimeContainer({ attempt: 1, state: exited(1) }),
        aRuntimeContainer({ attempt: 0, state: exited(1) }),
      ],
      want: ['remove web'],
    },
  ])('$name', ({ document, containers, want }) => {
    expect(brief(planOf(document, containers).steps)).toEqual(want);
  });

  it('counts attempts on from the newest', () => {
    const { steps } = planOf(aDocument(), [aRuntimeContainer({ attempt: 4, state: exited(1) })]);
    expect(steps).toMatchObject([{ kind: 'run', attempt: 5, ownsPorts: true, network: { kind: 'own' } }]);
  });
});

describe('back-off', () => {
  it('restarts at once, then after 10 s doubling to 5 min, and anew after 10 min of running', () => {
    const memory = memoryWithImages();
    const waits = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(attempt => {
      const ranForMs = attempt === 8 ? 600_000 : 1000;
      const containers = [aRuntimeContainer({ attempt, state: exited(1, { ranForMs }) })];
      noteExits(memory, containers, 0);
      return planOf(aDocument(), containers, { memory }).wakeAtMs ?? 0;
    });
    expect(waits).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 0]);
  });

  it('does not count a container that was replaced', () => {
    const memory = memoryWithImages();
    const containers = [aRuntimeContainer({ state: exited(143) })];
    memory.replaced.add('uid-1-web-0');
    noteExits(memory, containers, 0);
    expect(memory.crashes.size).toBe(0);
    const document = aDocument({ spec: { restartPolicy: 'Never' } });
    expect(brief(planOf(document, containers, { memory }).steps)).toEqual(['run web']);
  });

  it('waits after a failure, but not with another document', () => {
    const memory = memoryWithImages();
    const failed = { key: 'uid-1/web', reason: 'CreateContainerError' as const, message: 'no', digest: 'd1' };
    noteFailure(memory, failed, 0);
    expect(planOf(aDocument(), [], { memory })).toMatchObject({ steps: [], wakeAtMs: 2000 });
    noteFailure(memory, { ...failed, digest: 'd0' }, 0);
    expect(brief(planOf(aDocument(), [], { memory }).steps)).toEqual(['run web']);
  });
});

describe('images', () => {
  const withPolicy = (imagePullPolicy: string) =>
    aDocument({ spec: { containers: [aContainer({ imagePullPolicy, image: 'new:1' })] } });

  it.each([
    { policy: 'IfNotPresent', presence: undefined, steps: [], unknown: ['new:1'] },
    { policy: 'IfNotPresent', presence: 'absent' as const, steps: ['pull web'], unknown: [] },
    { policy: 'IfNotPresent', presence: PRESENT, steps: ['run web'], unknown: [] },
    { policy: 'Never', presence: 'absent' as const, steps: [], unknown: [] },
    { policy: 'Always', presence: PRESENT, steps: ['pull web'], unknown: [] },
  ])('$policy with $presence', ({ policy, presence, steps, unknown }) => {
    const memory = memoryWithImages();
    if (presence) memory.images.set('new:1', presence);
    const made = planOf(withPolicy(policy), [], { memory });
    expect(brief(made.steps)).toEqual(steps);
    expect(made.unknownImages).toEqual(unknown);
  });

  it('restarts without the registry what was pulled for its first start', () => {
    const memory = memoryWithImages('new:1');
    const ended = aRuntimeContainer({ image: 'new:1', state: exited(1) });
    expect(brief(planOf(withPolicy('Always'), [ended], { memory }).steps)).toEqual(['run web']);
  });

  it('pulls once for all that want the image', () => {
    const memory = memoryWithImages();
    memory.images.set('new:1', 'absent');
    const wanted = ['a', 'b'].map(name => {
      const document = aDocument({ uid: name, spec: { containers: [aContainer({ name, image: 'new:1' })] } });
      return { uid: name, digest: 'd1', document };
    });
    const { steps } = plan({ wanted, containers: [], memory, graceOfLeft: new Map(), nowMs: 0 });
    expect(steps).toHaveLength(1);
    expect(brief(steps)).toEqual(['pull a', 'pull b']);
  });

  it('pulls with the Secrets of another pod once those of the first have failed', () => {
    const memory = memoryWithImages();
    memory.images.set('new:1', 'absent');
    const spec = { containers: [aContainer({ image: 'new:1' })] };
    const bare = aDocument({ uid: 'uid-1', spec });
    const secrets = { s: { data: { '.dockercfg': 'e30=' } } };
    const known = aDocument({ uid: 'uid-2', secrets, spec: { ...spec, imagePullSecrets: [{ name: 's' }] } });
    const wanted = [bare, known].map(document => ({ uid: document.uid, digest: 'd1', document }));
    const pulls = () =>
      plan({ wanted, containers: [], memory, graceOfLeft: new Map(), nowMs: 0 }).steps.flatMap(step =>
        step.kind === 'pull' ? [step.waiting.map(({ uid }) => uid)] : [],
      );
    expect(pulls()).toEqual([['uid-1']]);
    notePullFailure(memory, 'new:1', { message: 'denied', failure: 'image-unauthorized' }, 0);
    expect(pulls()).toEqual([['uid-2']]);
    notePulled(memory, 'new:1');
    expect(pulls()).toEqual([['uid-1']]);
  });

  it('pulls anew when the network is back, but not at once what has just failed', () => {
    const memory = memoryWithImages();
    for (const image of ['far:1', 'none:1']) memory.images.set(image, 'absent');
    const containers = ['far:1', 'none:1'].map((image, index) => aContainer({ name: `c${index}`, image }));
    const document = aDocument({ spec: { containers } });
    for (let failures = 0; failures < 5; failures++) {
      notePullFailure(memory, 'far:1', { message: 'timeout', failure: 'registry-unreachable' }, 0);
      notePullFailure(memory, 'none:1', { message: 'none', failure: 'image-not-found' }, 0);
    }
    retryPulls(memory);
    expect(planOf(document, [sandbox], { memory, nowMs: 9_999 })).toMatchObject({
      steps: [],
      wakeAtMs: 10_000,
    });
    expect(brief(planOf(document, [sandbox], { memory, nowMs: 10_000 }).steps)).toEqual(['pull c0']);
  });

  it('waits after a failed pull', () => {
    const memory = memoryWithImages();
    memory.images.set('new:1', 'absent');
    notePullFailure(memory, 'new:1', { message: 'not found', failure: 'other' }, 0);
    notePullFailure(memory, 'new:1', { message: 'not found', failure: 'other' }, 1000);
    expect(planOf(withPolicy('IfNotPresent'), [], { memory, nowMs: 1000 })).toMatchObject({
      steps: [],
      wakeAtMs: 21_000,
    });
  });
});

describe('the end of a pod', () => {
  const containers = [
    aRuntimeContainer({ container: 'a' }),
    aRuntimeContainer({ container: 'b', state: exited(1) }),
  ];

  it('stops all that runs, with the grace that the index gives, and keeps what ended until then', () => {
    const { steps, gone } = planOf(two, containers, { terminateWithinSeconds: 3 });
    expect(steps).toMatchObject([{ kind: 'stop', container: 'a', graceSeconds: 3, reason: 'terminated' }]);
    expect(gone).toEqual([]);
  });

  it('stops sidecars after all others, the last first, in what is left of its time', () => {
    const aSidecar = (name: string) => ({ ...aContainer({ name }), restartPolicy: 'Always' });
    const document = aDocument({
      spec: { initContainers: [aSidecar('log'), aSidecar('proxy')], containers: [aContainer({ name: 'a' })] },
    });
    const memory = memoryWithImages();
    memory.endingSince.set('uid-1', 0);
    const stops = (names: readonly string[], nowMs: number, terminateWithinSeconds = 10) => {
      const running = names.map(container => aRuntimeContainer({ container }));
      const { steps } = planOf(document, running, { memory, nowMs, terminateWithinSeconds });
      return steps.map(step => (step.kind === 'stop' ? [step.container, step.graceSeconds] : [step.kind]));
    };
    expect(stops(['log', 'proxy', 'a'], 0)).toEqual([['a', 10]]);
    expect(stops(['log', 'proxy'], 4000)).toEqual([['proxy', 6]]);
    expect(stops(['log'], 9500)).toEqual([['log', 2]]);
    const atOnce = stops(['log', 'proxy', 'a'], 0, 0);
    expect(atOnce).toHaveLength(3);
    expect(atOnce).toEqual(expect.arrayContaining([['log', 0]]));
  });

  it('removes the rest, then the folder, then says gone', () => {
    const memory = memoryWithImages();
    memory.folders.add('uid-1');
    const stopped = [aRuntimeContainer({ container: 'a', state: exited(0) })];
    const options = { memory, terminateWithinSeconds: 3 };
    expect(brief(planOf(two, stopped, options).steps)).toEqual(['remove a']);
    expect(planOf(two, [], options)).toMatchObject({ steps: [{ kind: 'delete-files' }], gone: [] });
    memory.folders.clear();
    expect(planOf(two, [], options)).toMatchObject({ steps: [], gone: ['uid-1'] });
  });

  it('only stops what runs when the device shuts down, within its time, and starts nothing', () => {
    const memory = memoryWithImages();
    memory.halting.set('uid-1', 5000);
    memory.endingSince.set('uid-1', 0);
    const stops = (document: PodDocument, nowMs: number) =>
      planOf(document, containers, { memory, nowMs }).steps;
    expect(stops(two, 1000)).toMatchObject([
      { kind: 'stop', container: 'a', graceSeconds: 4, reason: 'shutdown' },
    ]);
    const short = { ...two, spec: { ...two.spec, terminationGracePeriodSeconds: 3 } };
    expect(stops(short, 0)).toMatchObject([{ container: 'a', graceSeconds: 3 }]);
    expect(planOf(two, [], { memory })).toMatchObject({ steps: [], unknownImages: [] });
  });

  it('gives a pod that left the index its own grace', () => {
    const graceOfLeft = new Map([['uid-1', 7]]);
    const input = { wanted: [], containers: [aRuntimeContainer({ state: running() })], graceOfLeft };
    expect(plan({ ...input, memory: newMemory(), nowMs: 0 }).steps).toMatchObject([
      { kind: 'stop', graceSeconds: 7, reason: 'unwanted' },
    ]);
  });
});
