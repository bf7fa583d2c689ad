import { expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import type { Heartbeat, Usage } from '../../shared/protocol/messages.ts';
import { Heartbeats } from './heartbeats.ts';

const FIRST: Usage = { cpuMilli: 100, memoryBytes: 1e9 };

function start() {
  const clock = new FakeClock();
  const state = { isOnline: true, usage: FIRST };
  const sent: Heartbeat[] = [];
  const heartbeats = new Heartbeats({
    clock,
    epoch: 'e1',
    intervalMs: 1000,
    isOnline: () => state.isOnline,
    usage: () => state.usage,
    send: payload => sent.push(JSON.parse(payload)),
  });
  const stop = new AbortController();
  void heartbeats.run(stop.signal);
  return { clock, state, sent, heartbeats, stop };
}

const cpus = (sent: readonly Heartbeat[]) => sent.map(({ usage }) => usage?.cpuMilli);

it('beats every interval and tells usage when it moved, or after half a minute', async () => {
  const { clock, state, sent, stop } = start();
  await clock.advance(2000);
  expect(cpus(sent)).toEqual([100, undefined, undefined]);
  state.usage = { cpuMilli: 140, memoryBytes: 1e9 };
  await clock.advance(1000);
  expect(sent.at(-1)?.usage).toBeUndefined();
  state.usage = { cpuMilli: 160, memoryBytes: 1e9 };
  await clock.advance(1000);
  expect(sent.at(-1)?.usage?.cpuMilli).toBe(160);
  await clock.advance(30_000);
  expect(cpus(sent.slice(5)).filter(cpu => cpu !== undefined)).toEqual([160]);
  expect(sent.map(({ sequence }) => sequence)).toEqual([...sent.keys()]);
  stop.abort();
});

it('tells of a container that moved or came', async () => {
  const { clock, state, sent, stop } = start();
  await clock.advance(1000);
  const pods = [{ uid: 'u', containers: [{ name: 'web', cpuMilli: 1, memoryBytes: 1 }] }];
  state.usage = { ...state.usage, pods };
  await clock.advance(1000);
  expect(sent.at(-1)?.usage?.pods).toEqual(pods);
  stop.abort();
});

it('leaves the containers out when only the device moved, and says all again after half a minute', async () => {
  const { clock, state, sent, stop } = start();
  const pods = [{ uid: 'u', containers: [{ name: 'web', cpuMilli: 1, memoryBytes: 1 }] }];
  state.usage = { ...FIRST, pods };
  await clock.advance(1000);
  state.usage = { cpuMilli: 500, memoryBytes: 1e9, pods };
  await clock.advance(1000);
  expect(sent.at(-1)?.usage).toEqual({ cpuMilli: 500, memoryBytes: 1e9 });
  await clock.advance(28_000);
  expect(sent.slice(3).map(({ usage }) => usage)).toEqual(Array(28).fill(undefined));
  await clock.advance(1000);
  expect(sent.at(-1)?.usage?.pods).toEqual(pods);
  stop.abort();
});

it('is silent without a link, queues nothing, and starts with usage when it is back', async () => {
  const { clock, state, sent, heartbeats, stop } = start();
  await clock.advance(1000);
  state.isOnline = false;
  await clock.advance(10_000);
  expect(sent).toHaveLength(2);
  state.isOnline = true;
  heartbeats.online();
  expect(sent).toHaveLength(3);
  expect(sent[2]?.usage?.cpuMilli).toBe(100);
  stop.abort();
});
