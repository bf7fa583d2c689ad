/** Probes and hooks through a whole agent: containers whose health a test plays. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as core from 'kubernetes-types/core/v1';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Agent } from '../../node-agent/agent.ts';
import { createNodeObserver } from '../../node-agent/node-info/node-observer.ts';
import type { FakeProcess } from '../../node-agent/runtime/fake-process.ts';
import { FakeRuntime } from '../../node-agent/runtime/fake-runtime.ts';
import { aContainer, aDocument } from '../../node-agent/sync/pod-builders.ts';
import { systemClock } from '../../shared/clock.ts';
import {
  CLUSTER,
  NODE,
  PASSWORD,
  type ScriptedMaster,
  startScriptedMaster,
} from '../support/scripted-master.ts';

let master: ScriptedMaster;
let runtime: FakeRuntime;
let dataDir: string;
/** Exit codes by command; a command that is not here does not end by itself. */
let exitCodes: Map<string, number>;
let asked: { readonly command: string; readonly process: FakeProcess }[];
let stopAgent: () => Promise<void>;

beforeEach(async () => {
  master = await startScriptedMaster();
  exitCodes = new Map();
  asked = [];
  const exec = (process: FakeProcess, options: { readonly command: readonly string[] }) => {
    const command = options.command.join(' ');
    asked.push({ command, process });
    const exitCode = exitCodes.get(command);
    if (exitCode !== undefined) process.exit(exitCode);
  };
  runtime = new FakeRuntime({ clock: systemClock, images: ['app:1'], programs: { exec } });
  dataDir = await mkdtemp(join(tmpdir(), 'pikelet-agent-probes-'));
  stopAgent = startAgent('epoch-1');
});

afterEach(async () => {
  await stopAgent();
  await master.stop();
  await rm(dataDir, { recursive: true });
});

function startAgent(epoch: string): () => Promise<void> {
  const stopping = new AbortController();
  const agent = new Agent(
    {
      runtime,
      observer: createNodeObserver({ agentFolder: dataDir }),
      clock: systemClock,
      log: pino({ level: process.env.PIKELET_TEST_LOG ?? 'silent' }),
      random: Math.random,
    },
    {
      masterUrl: `mqtt://127.0.0.1:${master.port}`,
      dataDir,
      memoryFolder: join(dataDir, 'memory'),
      credentials: { node: NODE, password: PASSWORD, cluster: CLUSTER },
      epoch,
      heartbeatIntervalMs: 100,
    },
  );
  const ended = agent.run(stopping.signal);
  return () => {
    stopping.abort();
    return ended;
  };
}

const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 10 });
const statusOf = () => master.pods.get('uid-1')?.status;
const web = () => statusOf()?.containerStatuses?.[0];
const events = () =>
  master.reports.flatMap(report => report.events ?? []).map(({ reason, message }) => `${reason}: ${message}`);
const command = (name: string) => ({ exec: { command: [name] } });
const often = { periodSeconds: 1, failureThreshold: 1 };

function aPod(container: Partial<core.Container>, spec: Partial<core.PodSpec> = {}) {
  return aDocument({ spec: { containers: [aContainer(container)], ...spec } });
}

describe('probes', () => {
  it('startup opens the way for readiness, and readiness comes and goes', async () => {
    exitCodes.set('up', 1).set('fit', 0);
    const startupProbe = { ...command('up'), periodSeconds: 1, failureThreshold: 1000 };
    const document = aPod({ startupProbe, readinessProbe: { ...command('fit'), ...often } });
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(web()).toMatchObject({ started: false, ready: false, state: { running: {} } }));
    await until(() => expect(asked.length).toBeGreaterThan(1));
    expect(asked.map(each => each.command)).not.toContain('fit');
    exitCodes.set('up', 0);
    await until(() => expect(web()).toMatchObject({ started: true, ready: true }));
    exitCodes.set('fit', 1);
    await until(() => expect(web()).toMatchObject({ started: true, ready: false, restartCount: 0 }));
    expect(events()).toContain('Unhealthy: Readiness probe failed: command exited with 1');
  });

  it('go on with no master, and liveness restarts', async () => {
    exitCodes.set('alive', 0);
    const document = aPod({ livenessProbe: { ...command('alive'), ...often } });
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(web()?.ready).toBe(true));
    await master.stop();
    exitCodes.set('alive', 1);
    await until(() => expect(runtime.find('uid-1', 'web')?.labels.attempt).toBe(1));
  });

  it('leave a ready pod ready when the agent starts again', async () => {
    exitCodes.set('fit', 0);
    const document = aPod({ readinessProbe: { ...command('fit'), ...often } });
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(web()?.ready).toBe(true));
    const readySince = statusOf()?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
    await stopAgent();
    // Whoever asks now gets no answer: what the pod is called is what was known before.
    exitCodes.delete('fit');
    master.pods.clear();
    stopAgent = startAgent('epoch-2');
    await until(() => expect(web()?.ready).toBe(true));
    const ready = statusOf()?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ status: 'True', lastTransitionTime: readySince });
  });
});

describe('postStart', () => {
  const document = aPod({ lifecycle: { postStart: command('warm') } }, { terminationGracePeriodSeconds: 0 });

  it('keeps the container waiting until it ends', async () => {
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(asked).toHaveLength(1));
    await until(() => expect(web()?.state?.waiting?.reason).toBe('ContainerCreating'));
    asked[0]?.process.exit(0);
    await until(() => expect(web()).toMatchObject({ ready: true, state: { running: {} } }));
  });

  it('that fails kills the container, and it is tried again', async () => {
    exitCodes.set('warm', 1);
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(web()?.restartCount).toBeGreaterThan(0));
    const seen = events();
    expect(seen).toContain('FailedPostStartHook: PostStartHook failed');
    expect(seen).toContain('Killing: FailedPostStartHook');
  });

  it('holds no deletion up', async () => {
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(asked).toHaveLength(1));
    await master.want({ generation: 2, pods: [{ document, terminateWithinSeconds: 0 }] });
    await until(() => expect(master.pods.get('uid-1')?.gone).toBe(true));
    expect(asked[0]?.process.signal.aborted).toBe(true);
  });
});

describe('preStop', () => {
  const document = aPod({ lifecycle: { preStop: command('save') } });

  it('ends before the container is told to stop', async () => {
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(web()?.ready).toBe(true));
    await master.want({ generation: 2, pods: [{ document, terminateWithinSeconds: 30 }] });
    await until(() => expect(asked).toHaveLength(1));
    expect(runtime.calls.filter(call => call.startsWith('stop'))).toEqual([]);
    asked[0]?.process.exit(1);
    await until(() => expect(master.pods.get('uid-1')?.gone).toBe(true));
    await until(() => expect(events()).toContain('FailedPreStopHook: PreStopHook failed'));
  });

  it('is cut off by the end of the grace period', async () => {
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(web()?.ready).toBe(true));
    await master.want({ generation: 2, pods: [{ document, terminateWithinSeconds: 1 }] });
    await until(() => expect(master.pods.get('uid-1')?.gone).toBe(true));
    expect(asked).toMatchObject([{ command: 'save', process: { signal: { aborted: true } } }]);
  });

  it('is not run for a container that ends by itself', async () => {
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(web()?.ready).toBe(true));
    runtime.exit(runtime.find('uid-1', 'web')?.id ?? '', 1);
    await until(() => expect(web()).toMatchObject({ ready: true, restartCount: 1 }));
    expect(asked).toEqual([]);
  });
});
