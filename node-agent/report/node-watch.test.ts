import { pino } from 'pino';
import { expect, it } from 'vitest';
import { type Clock, FakeClock } from '../../shared/clock.ts';
import type { NodeReport } from '../../shared/protocol/messages.ts';
import type { NodeHealthCondition } from '../node-info/condition.ts';
import { createNodeObserver } from '../node-info/node-observer.ts';
import { FakeRuntime } from '../runtime/fake-runtime.ts';
import { NodeWatch } from './node-watch.ts';

const WEAR: NodeHealthCondition = {
  type: 'StorageWear',
  status: 'False',
  reason: 'WearNotTold',
  message: '1.0 GiB written a day',
};

/** A node whose clock and wear the test may change. */
function start() {
  const fake = new FakeClock();
  const device = { shiftMs: 0, wear: WEAR };
  const clock: Clock = {
    nowMs: () => fake.nowMs() + device.shiftMs,
    monotonicMs: () => fake.monotonicMs(),
    sleep: (ms, signal) => fake.sleep(ms, signal),
    after: (ms, callback) => fake.after(ms, callback),
  };
  const observer = createNodeObserver({ agentFolder: '/tmp' });
  const facts = observer.facts();
  const told: NodeReport[] = [];
  const watch = new NodeWatch({
    runtime: new FakeRuntime({ clock }),
    observer: { ...observer, facts: () => facts, health: async () => [device.wear] },
    clock,
    log: pino({ level: 'silent' }),
    nodeName: 'pi-1',
    devices: () => [],
    checkpointFailure: () => undefined,
    onNode: node => told.push(node),
  });
  const stop = new AbortController();
  void watch.run(stop.signal);
  return { advance: (ms: number) => fake.advance(ms), device, told, stop };
}

it('says nothing more while only numbers change', async () => {
  const { advance, device, told, stop } = start();
  await advance(10_000);
  const said = told.length;
  for (let hour = 0; hour < 24; hour++) {
    device.wear = { ...WEAR, message: `${hour}.0 GiB written a day` };
    await advance(3_600_000);
  }
  expect(told).toHaveLength(said);
  device.wear = { ...WEAR, status: 'True', reason: 'WrittenTooMuch' };
  await advance(10_000);
  expect(told).toHaveLength(said + 1);
  expect(told.at(-1)?.conditions).toContainEqual(device.wear);
  stop.abort();
});

it.each([30, -30])('tells the time when the clock jumps by %i years, once', async years => {
  const { advance, device, told, stop } = start();
  await advance(10_000);
  const said = told.length;
  device.shiftMs = years * 365 * 24 * 3_600_000;
  await advance(60_000);
  expect(told).toHaveLength(said + 1);
  device.shiftMs += 4000;
  await advance(60_000);
  expect(told).toHaveLength(said + 1);
  stop.abort();
});
