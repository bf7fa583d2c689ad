/** A device whose clock jumps by decades, as a Raspberry Pi's does when NTP answers at last. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Agent } from '../../node-agent/agent.ts';
import { createNodeObserver } from '../../node-agent/node-info/node-observer.ts';
import { FakeRuntime } from '../../node-agent/runtime/fake-runtime.ts';
import { aDocument } from '../../node-agent/sync/pod-builders.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import {
  CLUSTER,
  NODE,
  PASSWORD,
  type ScriptedMaster,
  startScriptedMaster,
} from '../support/scripted-master.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
let shiftMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shiftMs };

let master: ScriptedMaster;
let runtime: FakeRuntime;
let dataDir: string;
let stop: () => Promise<void>;

beforeEach(async () => {
  shiftMs = 0;
  master = await startScriptedMaster();
  runtime = new FakeRuntime({ clock, images: ['app:1'] });
  dataDir = await mkdtemp(join(tmpdir(), 'pikelet-clock-'));
  const stopping = new AbortController();
  const agent = new Agent(
    {
      runtime,
      observer: createNodeObserver({ agentFolder: dataDir }),
      clock,
      log: pino({ level: 'silent' }),
      random: Math.random,
    },
    {
      masterUrl: `mqtt://127.0.0.1:${master.port}`,
      dataDir,
      memoryFolder: join(dataDir, 'memory'),
      credentials: { node: NODE, password: PASSWORD, cluster: CLUSTER },
      epoch: 'epoch-1',
      heartbeatIntervalMs: 50,
    },
  );
  const ended = agent.run(stopping.signal);
  stop = () => {
    stopping.abort();
    return ended;
  };
});

afterEach(async () => {
  await stop();
  await master.stop();
  await rm(dataDir, { recursive: true, maxRetries: 5 });
});

const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 10 });
const statusOf = (uid: string) => master.pods.get(uid)?.status;

it.each([
  { years: 30, wanted: 'ahead' },
  { years: -30, wanted: 'back' },
])('neither restarts nor stops anything when it jumps $wanted by 30 years', async ({ years }) => {
  const [first, second] = [
    aDocument({ uid: 'first', name: 'first' }),
    aDocument({ uid: 'second', name: 'second' }),
  ];
  await master.want({ generation: 1, pods: [{ document: first }] });
  await until(() => expect(statusOf('first')?.phase).toBe('Running'));
  const before = runtime.snapshot();

  shiftMs = years * YEAR_MS;
  const beats = master.heartbeats.length;
  await until(() => expect(master.heartbeats.length).toBeGreaterThan(beats + 10));
  await master.want({ generation: 2, pods: [{ document: first }, { document: second }] });
  await until(() => expect(statusOf('second')?.phase).toBe('Running'));
  expect(runtime.snapshot().filter(({ labels }) => labels.podUid === 'first')).toEqual(before);
  expect(statusOf('first')?.containerStatuses).toMatchObject([{ restartCount: 0, ready: true }]);

  // A container that ends after the jump began before it, by decades or in the future.
  runtime.exit(before[0]?.id ?? '', 1);
  await until(() =>
    expect(statusOf('first')?.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true }),
  );
  const { startedAt, finishedAt } = statusOf('first')?.containerStatuses?.[0]?.lastState?.terminated ?? {};
  expect(Date.parse(finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(startedAt ?? ''));
});
