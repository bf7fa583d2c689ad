import { expect, it } from 'vitest';
import { newMemory } from '../sync/memory.ts';
import { aContainer, aDocument, aRuntimeContainer, exited } from '../sync/pod-builders.ts';
import { devicesOfPods } from './pod-devices.ts';

const resources = { limits: { 'pikelet.dev/i2c': '1' } };
const wantedOf = (uid: string, restartPolicy: 'Always' | 'Never' = 'Always') => {
  const document = aDocument({ uid, spec: { containers: [aContainer({ resources })], restartPolicy } });
  return { uid, digest: 'd', document };
};
const holding = (given: Parameters<typeof aRuntimeContainer>[0], id: string) => {
  const container = aRuntimeContainer(given);
  return { ...container, labels: { ...container.labels, devices: [id] } };
};
const isBusy = () => false;
const devices = [1, 2].map(bus => ({ kind: 'i2c', id: `i2c/i2c-${bus}`, files: [] }));

it('are those that containers name, for an agent that has just started', () => {
  const containers = [holding({ uid: 'b' }, 'i2c/i2c-1')];
  const wanted = [wantedOf('a'), wantedOf('b')];
  const { held } = devicesOfPods({ devices, wanted, containers, memory: newMemory(), isBusy });
  expect([held.get('a'), held.get('b')]).toEqual([
    new Map([['web', ['i2c/i2c-2']]]),
    new Map([['web', ['i2c/i2c-1']]]),
  ]);
});

it.each([
  ['runs on while it is deleted', { terminateWithinSeconds: 30 }, {}, ['a']],
  ['has ended, though its pod is not gone', { terminateWithinSeconds: 30 }, { state: exited(0) }, []],
  ['has ended for good', wantedOf('b', 'Never'), { state: exited(0) }, []],
])('of a container that %s', (_, change, given, waiting) => {
  const containers = [holding({ uid: 'b', ...given }, 'i2c/i2c-1')];
  const wanted = [wantedOf('a'), { ...wantedOf('b'), ...change }];
  const made = devicesOfPods({
    devices: devices.slice(0, 1),
    wanted,
    containers,
    memory: newMemory(),
    isBusy,
  });
  expect([...made.waiting]).toEqual(waiting);
  expect([...made.held.keys()]).toEqual(waiting.length > 0 ? [] : ['a']);
  expect(made.refused.size).toBe(0);
});

it('of a pod that left while its container was being started', () => {
  const memory = newMemory();
  memory.devices.set('gone', new Map([['web', ['i2c/i2c-1']]]));
  const given = { devices: devices.slice(0, 1), wanted: [wantedOf('a')], containers: [], memory };
  const waitingWhile = (busy: boolean) => [...devicesOfPods({ ...given, isBusy: () => busy }).waiting];
  expect([waitingWhile(true), waitingWhile(false)]).toEqual([['a'], []]);
});
