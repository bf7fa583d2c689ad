import fc from 'fast-check';
import type * as core from 'kubernetes-types/core/v1';
import { expect, it } from 'vitest';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { type RuntimeContainer, SANDBOX_IMAGE } from '../runtime/container-runtime.ts';
import type { WantedPod } from './desired-set.ts';
import { containerKey, newMemory, noteExits } from './memory.ts';
import { plan } from './plan.ts';
import { aContainer, aDocument, aRuntimeContainer, exited, running } from './pod-builders.ts';
import { viewPod } from './pod-view.ts';
import { isSandbox, needsSandbox, SANDBOX } from './sandbox.ts';
import { specDigestOf } from './spec-digest.ts';
import { type Step, stepKey } from './steps.ts';

/** What the process of a container does once started: runs for ever, or ends with the next code of the list. */
type Behaviour = 'serve' | readonly number[];

type World = {
  readonly wanted: readonly WantedPod[];
  readonly documents: ReadonlyMap<string, PodDocument>;
  readonly behaviours: ReadonlyMap<string, Behaviour>;
  /** Uids of pods of which containers were found, made by who knows which version. */
  readonly adopted: ReadonlySet<string>;
  containers: RuntimeContainer[];
  readonly memory: ReturnType<typeof newMemory>;
  nowMs: number;
};

const UIDS = ['p1', 'p2', 'p3'];
const STRANGERS = ['x1', 'x2'];

const restartPolicy = fc.constantFrom('Always', 'OnFailure', 'Never');
const image = fc.constantFrom('app:1', 'app:2');
const codes = fc.oneof(
  fc.constant<Behaviour>('serve'),
  fc.array(fc.constantFrom(0, 1), { maxLength: 3 }).map((list): Behaviour => list),
);

const aPod = (uid: string) =>
  fc
    .record({
      restartPolicy,
      mains: fc.array(image, { minLength: 1, maxLength: 3 }),
      inits: fc.array(fc.record({ image, isSidecar: fc.boolean() }), { maxLength: 2 }),
      hostNetwork: fc.boolean(),
      shareProcessNamespace: fc.boolean(),
      terminateWithinSeconds: fc.option(fc.nat(5), { nil: undefined, freq: 4 }),
    })
    .map(({ mains, inits, terminateWithinSeconds, ...spec }): WantedPod => {
      const containers = mains.map((each, i) => aContainer({ name: `c${i}`, image: each }));
      const initContainers = inits.map(({ image: each, isSidecar }, i) =>
        aContainer({ name: `i${i}`, image: each, ...(isSidecar ? { restartPolicy: 'Always' } : {}) }),
      );
      const document = aDocument({ uid, spec: { ...spec, containers, initContainers } });
      return { uid, digest: `d-${uid}`, document, terminateWithinSeconds };
    });

const leftover = fc.record({
  uid: fc.constantFrom(...UIDS, ...STRANGERS),
  container: fc.constantFrom('c0', 'c1', 'i0', 'other', SANDBOX),
  attempt: fc.nat(3),
  image,
  joinedAttempt: fc.option(fc.nat(3), { nil: undefined }),
  state: fc.constantFrom(running(), exited(0), exited(1), { kind: 'created' as const }),
});

const worlds = fc
  .record({
    pods: fc.tuple(...UIDS.map(uid => fc.option(aPod(uid), { nil: undefined }))),
    leftovers: fc.uniqueArray(leftover, {
      maxLength: 10,
      selector: each => `${each.uid}/${each.container}/${each.attempt}`,
    }),
    behaviours: fc.array(codes, { minLength: 15, maxLength: 15 }),
  })
  .map(({ pods, leftovers, behaviours }): World => {
    const wanted = pods.filter(pod => pod !== undefined);
    const names = UIDS.flatMap(uid => ['c0', 'c1', 'c2', 'i0', 'i1'].map(name => containerKey(uid, name)));
    return {
      wanted,
      documents: new Map(wanted.flatMap(({ uid, document }) => (document ? [[uid, document]] : []))),
      behaviours: new Map(names.map((key, i) => [key, behaviours[i] ?? 'serve'])),
      adopted: new Set(leftovers.map(({ uid }) => uid)),
      containers: leftovers.map(({ joinedAttempt, ...each }) => {
        const isJoined = joinedAttempt !== undefined && each.container !== SANDBOX;
        return aRuntimeContainer({
          ...each,
          joined: isJoined ? `${each.uid}-${SANDBOX}-${joinedAttempt}` : undefined,
        });
      }),
      memory: newMemory(STRANGERS.slice(0, 1)),
      nowMs: 0,
    };
  });

function look(world: World) {
  noteExits(world.memory, world.containers, world.nowMs);
  const { wanted, containers, memory, nowMs } = world;
  return plan({ wanted, containers, memory, nowMs, graceOfLeft: new Map() });
}

function containerOf(world: World, uid: string, name: string): core.Container {
  const spec = world.documents.get(uid)?.spec;
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return all.find(each => each.name === name) ?? aContainer({ name });
}

/** An init container must end some time; the others do as told, and then serve. */
function fateOf(world: World, step: { uid: string; container: string }, attempt: number) {
  const behaviour = world.behaviours.get(containerKey(step.uid, step.container)) ?? 'serve';
  const container = containerOf(world, step.uid, step.container);
  const isInit = step.container.startsWith('i') && container.restartPolicy !== 'Always';
  const code = behaviour === 'serve' ? undefined : behaviour[attempt];
  return code === undefined ? (isInit ? exited(0) : running()) : exited(code);
}

function apply(world: World, step: Step): void {
  const { memory } = world;
  const set = (id: string, change: Partial<RuntimeContainer>) => {
    world.containers = world.containers.map(each => (each.id === id ? { ...each, ...change } : each));
  };
  switch (step.kind) {
    case 'pull':
      memory.images.set(step.image, { imageId: step.image, digests: [], sizeBytes: 1, user: '' });
      return;
    case 'run': {
      const { uid, container, attempt, network } = step;
      const others = world.containers.filter(
        ({ labels }) => labels.podUid === uid && labels.container === container,
      );
      expect(others.filter(({ state }) => state.kind === 'running')).toEqual([]);
      expect(others.every(({ labels }) => labels.attempt < attempt)).toBe(true);
      const made = aRuntimeContainer({
        uid,
        container,
        attempt,
        image: containerOf(world, uid, container).image,
        joined: 'id' in network ? network.id : undefined,
        state: fateOf(world, step, attempt),
      });
      world.containers = [...world.containers, made];
      memory.folders.add(uid);
      return;
    }
    case 'run-sandbox': {
      const { uid, attempt } = step;
      const others = world.containers.filter(each => each.labels.podUid === uid && isSandbox(each));
      expect(others.every(({ state }) => state.kind !== 'running')).toBe(true);
      const made = aRuntimeContainer({ uid, container: SANDBOX, attempt, image: SANDBOX_IMAGE });
      world.containers = [...world.containers.filter(({ id }) => id !== made.id), made];
      return;
    }
    case 'start': {
      const attempt = world.containers.find(({ id }) => id === step.id)?.labels.attempt ?? 0;
      set(step.id, { state: fateOf(world, step, attempt) });
      return;
    }
    case 'stop':
      if (step.reason === 'changed' || step.reason === 'network') memory.replaced.add(step.id);
      set(step.id, { state: exited(143) });
      return;
    case 'remove':
      world.containers = world.containers.filter(({ id }) => id !== step.id);
      return;
    case 'refresh-files':
      memory.projected.set(step.uid, `d-${step.uid}`);
      return;
    case 'delete-files':
      memory.folders.delete(step.uid);
  }
}

/** Plans and acts until nothing is left to do, in whatever order `pick` says; gives up after a bounded number of looks. */
function settle(
  world: World,
  pick: (step: Step, turn: number) => boolean,
  strike: (turn: number) => void = () => {},
): boolean {
  for (let turn = 0; turn < 200; turn++) {
    strike(turn);
    const made = look(world);
    for (const missing of made.unknownImages) world.memory.images.set(missing, 'absent');
    const keys = made.steps.map(stepKey);
    expect(new Set(made.steps.map(step => JSON.stringify(step))).size).toBe(keys.length);
    const isOwn = (step: Step) => step.kind !== 'remove-volume' && [...UIDS, ...STRANGERS].includes(step.uid);
    expect(made.steps.every(isOwn)).toBe(true);
    const chosen = made.steps.filter(step => pick(step, turn));
    const seen = new Set<string>();
    for (const step of chosen) {
      if (!seen.has(stepKey(step)) || step.kind !== 'run') apply(world, step);
      seen.add(stepKey(step));
    }
    if (made.steps.length === 0 && made.unknownImages.length === 0) {
      if (made.wakeAtMs !== undefined) world.nowMs = made.wakeAtMs;
      else if (!endInitContainers(world)) return true;
    }
  }
  return false;
}

/** Those that were found running end too; false when there are none. */
function endInitContainers(world: World): boolean {
  const isDue = ({ labels, state }: RuntimeContainer) =>
    state.kind === 'running' &&
    labels.container.startsWith('i') &&
    containerOf(world, labels.podUid, labels.container).restartPolicy !== 'Always';
  const isAny = world.containers.some(isDue);
  world.containers = world.containers.map(each => (isDue(each) ? { ...each, state: exited(0) } : each));
  return isAny;
}

function assertSettled(world: World): void {
  const wantedUids = new Set(world.wanted.map(({ uid }) => uid));
  expect(world.containers.filter(({ labels }) => !wantedUids.has(labels.podUid))).toEqual([]);
  for (const { uid, document, terminateWithinSeconds } of world.wanted) {
    if (terminateWithinSeconds !== undefined) {
      expect(world.containers.filter(({ labels }) => labels.podUid === uid)).toEqual([]);
      expect(look(world).gone).toContain(uid);
      continue;
    }
    if (document?.spec.restartPolicy !== 'Always') continue;
    const pod = viewPod(document, world.containers, world.memory);
    for (const { running: found, container, attempts } of pod.mains) {
      expect(found?.image).toBe(container.image);
      expect(attempts.filter(({ state }) => state.kind === 'running')).toHaveLength(1);
      expect(attempts.length).toBeLessThanOrEqual(2);
      if (pod.sandbox || (needsSandbox(document.spec) && !world.adopted.has(uid)))
        expect(pod.sandbox?.running).toBeDefined();
      const owner = (pod.sandbox ?? pod.owner)?.running;
      if (owner && found && found !== owner)
        expect(found.labels.specDigest).toBe(specDigestOf(container, owner.id));
    }
  }
}

it('converges to the empty plan, with one running container of each name at most', () => {
  fc.assert(
    fc.property(worlds, world => {
      expect(settle(world, () => true)).toBe(true);
      assertSettled(world);
    }),
    { numRuns: 300 },
  );
});

it('converges when only some of the steps are done between two looks', () => {
  fc.assert(
    fc.property(worlds, fc.infiniteStream(fc.boolean()), (world, coin) => {
      const isDone = (_: Step, turn: number) => turn > 150 || (coin.next().value ?? true);
      expect(settle(world, isDone)).toBe(true);
      assertSettled(world);
    }),
    { numRuns: 200 },
  );
});

it('comes back, all in one sandbox, after a sandbox has died or vanished at any moment', () => {
  fc.assert(
    fc.property(worlds, fc.nat(12), fc.constantFrom('dies', 'vanishes'), (world, fatalTurn, fate) => {
      const isStruck = (each: RuntimeContainer) => isSandbox(each) && each.state.kind === 'running';
      const strike = (turn: number) => {
        if (turn !== fatalTurn) return;
        world.containers = world.containers.flatMap(each => {
          if (!isStruck(each)) return [each];
          return fate === 'dies' ? [{ ...each, state: exited(137) }] : [];
        });
      };
      expect(settle(world, () => true, strike)).toBe(true);
      assertSettled(world);
    }),
    { numRuns: 200 },
  );
});

const programsOf = (world: World) =>
  world.containers.filter(each => each.state.kind === 'running' && !isSandbox(each));

it('only stops what runs when the device shuts down, sidecars last', () => {
  fc.assert(
    fc.property(worlds, fc.nat(12), (world, turnOfShutdown) => {
      const strike = (turn: number) => {
        if (turn !== turnOfShutdown) return;
        for (const { uid } of world.wanted) world.memory.halting.set(uid, world.nowMs + 60_000);
      };
      const isAllowed = (step: Step) => {
        if (step.kind === 'remove-volume' || !world.memory.halting.has(step.uid)) return true;
        const { document, terminateWithinSeconds } = world.wanted.find(({ uid }) => uid === step.uid) ?? {};
        if (terminateWithinSeconds === undefined) expect(step.kind).toBe('stop');
        else expect(['stop', 'remove', 'delete-files']).toContain(step.kind);
        if (step.kind !== 'stop' || step.graceSeconds === 0) return true;
        const isSidecar = (name: string) =>
          document?.spec.initContainers?.some(init => init.name === name && init.restartPolicy === 'Always');
        const served = programsOf(world).filter(
          ({ labels }) => labels.podUid === step.uid && !isSidecar(labels.container),
        );
        if (isSidecar(step.container)) expect(served).toEqual([]);
        return true;
      };
      expect(settle(world, isAllowed, strike)).toBe(true);
      const halted = programsOf(world).filter(({ labels }) => world.memory.halting.has(labels.podUid));
      expect(halted).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it('leaves nothing of a pod that was ended at any moment, and runs nothing of it again', () => {
  fc.assert(
    fc.property(worlds, fc.nat(12), fc.nat(5), (world, fatalTurn, graceSeconds) => {
      const end = { reason: 'Evicted' as const, message: '', graceSeconds, wallMs: 0 };
      const strike = (turn: number) => {
        if (turn === fatalTurn) for (const { uid } of world.wanted) world.memory.ended.set(uid, end);
      };
      const isAllowed = (step: Step) => {
        if (step.kind !== 'remove-volume' && world.memory.ended.has(step.uid))
          expect(['stop', 'remove', 'delete-files']).toContain(step.kind);
        return true;
      };
      expect(settle(world, isAllowed, strike)).toBe(true);
      const isEnded = (each: RuntimeContainer) => world.memory.ended.has(each.labels.podUid);
      expect(world.containers.filter(isEnded)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it('plans the same whatever the order of its input', () => {
  fc.assert(
    fc.property(worlds, world => {
      const { memory, wanted, containers } = world;
      const input = { memory, nowMs: 0, graceOfLeft: new Map() };
      const forward = plan({ ...input, wanted, containers });
      const backward = plan({
        ...input,
        wanted: [...wanted].reverse(),
        containers: [...containers].reverse(),
      });
      expect(backward).toEqual(forward);
    }),
  );
});

it('stops nothing when the pods in the index have no documents yet', () => {
  const wanted = [{ uid: 'uid-1' }];
  const input = { wanted, containers: [aRuntimeContainer()], memory: newMemory(), nowMs: 0 };
  expect(plan({ ...input, graceOfLeft: new Map() }).steps).toEqual([]);
});
