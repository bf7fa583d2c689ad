import fc from 'fast-check';
import type * as core from 'kubernetes-types/core/v1';
import { expect, it } from 'vitest';
import { type AllocationInput, allocateDevices } from './allocate-devices.ts';

const device = (place: string, kind = 'gpiochip') => ({ kind, id: `${kind}/${place}`, files: [] });
const container = (name: string, amount: number, more: Partial<core.Container> = {}): core.Container => ({
  name,
  resources: { limits: { 'pikelet.dev/gpiochip': String(amount) } },
  ...more,
});
const pod = (uid: string, amount: number, initContainers: core.Container[] = []) => ({
  uid,
  spec: { initContainers, containers: [container('main', amount)] },
});
const input = (change: Partial<AllocationInput>): AllocationInput => ({
  devices: [device('0'), device('1')],
  pods: [],
  held: new Map(),
  leaving: new Set(),
  ...change,
});
const plain = (held: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>) =>
  Object.fromEntries([...held].map(([uid, each]) => [uid, Object.fromEntries(each)]));

it('gives each pod devices of its own, and refuses who comes late, in words of the kubelet', () => {
  const made = allocateDevices(input({ pods: [pod('c', 1), pod('a', 1), pod('b', 1), pod('d', 0)] }));
  expect(plain(made.held)).toEqual({ a: { main: ['gpiochip/0'] }, b: { main: ['gpiochip/1'] } });
  expect([...made.refused]).toEqual([
    [
      'c',
      'Allocate failed due to requested number of devices unavailable for pikelet.dev/gpiochip. Requested: 1, Available: 0, which is unexpected',
    ],
  ]);
});

it('lets a pod wait for what another is about to let go of', () => {
  const leaving = new Set(['gpiochip/0', 'gpiochip/1']);
  const made = allocateDevices(input({ pods: [pod('a', 2), pod('b', 3)], leaving }));
  expect([[...made.waiting], [...made.refused.keys()], made.held.size]).toEqual([['a'], ['b'], 0]);
});

it('leaves a pod what was unplugged', () => {
  const held = new Map([['a', new Map([['main', ['gpiochip/9']]])]]);
  expect(allocateDevices(input({ pods: [pod('a', 1)], held, devices: [] })).held).toEqual(held);
});

it('passes on what an init container held, and not what a sidecar holds', () => {
  const once = allocateDevices(input({ pods: [pod('a', 2, [container('init', 2)])] }));
  expect(plain(once.held)).toEqual({
    a: { init: ['gpiochip/0', 'gpiochip/1'], main: ['gpiochip/0', 'gpiochip/1'] },
  });
  const sidecar = container('side', 1, { restartPolicy: 'Always' });
  const both = allocateDevices(input({ pods: [pod('a', 1, [container('init', 1), sidecar])] }));
  expect(plain(both.held)).toEqual({
    a: { init: ['gpiochip/0'], side: ['gpiochip/0'], main: ['gpiochip/1'] },
  });
});

it('never has two holders, keeps what was given, and takes no heed of order, whatever comes and goes', () => {
  const uids = ['a', 'b', 'c', 'd', 'e'];
  const world = fc.record({
    attached: fc.subarray(['0', '1', '2', '3']),
    pods: fc.shuffledSubarray(uids),
  });
  const amounts = fc.tuple(...uids.map(() => fc.nat({ max: 3 })));
  fc.assert(
    fc.property(fc.array(world, { maxLength: 8 }), amounts, (worlds, wants) => {
      let held: AllocationInput['held'] = new Map();
      for (const { attached, pods } of worlds) {
        const asking = pods.map(uid => pod(uid, wants[uids.indexOf(uid)] ?? 0));
        const given = input({ devices: attached.map(place => device(place)), pods: asking, held });
        const made = allocateDevices(given);
        expect(allocateDevices({ ...given, pods: [...asking].reverse() })).toEqual(made);
        // As after a restart of the agent, which reads them off its containers.
        expect(allocateDevices({ ...given, held: made.held }).held).toEqual(made.held);
        const ids = [...made.held.values()].flatMap(each => [...each.values()].flat());
        expect(new Set(ids).size).toBe(ids.length);
        for (const { uid } of asking) if (held.has(uid)) expect(made.held.get(uid)).toEqual(held.get(uid));
        held = made.held;
      }
    }),
  );
});
