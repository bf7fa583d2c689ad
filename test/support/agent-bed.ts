/** An agent in this process with a scripted master and a fake engine of its own, anew for every test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { type Logger, pino } from 'pino';
import { afterEach, beforeEach, vi } from 'vitest';
import { Agent } from '../../node-agent/agent.ts';
import type { Credentials } from '../../node-agent/link/credentials.ts';
import { createNodeObserver } from '../../node-agent/node-info/node-observer.ts';
import type { RuntimeContainer } from '../../node-agent/runtime/container-runtime.ts';
import type { FakeProcess } from '../../node-agent/runtime/fake-process.ts';
import { FakeRuntime } from '../../node-agent/runtime/fake-runtime.ts';
import { isSandbox } from '../../node-agent/sync/sandbox.ts';
import { systemClock } from '../../shared/clock.ts';
import { CLUSTER, NODE, PASSWORD, type ScriptedMaster, startScriptedMaster } from './scripted-master.ts';

/** Silent, unless PIKELET_TEST_LOG names a level. */
export const log = pino({ level: process.env.PIKELET_TEST_LOG ?? 'silent' });

/** Those of the node that the scripted master knows. */
export const credentials: Credentials = { node: NODE, password: PASSWORD, cluster: CLUSTER };

/** Waits for what the agent will do by itself. */
export const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 10 });

type AgentChange = {
  readonly epoch?: string;
  readonly port?: number;
  readonly credentials?: Credentials;
  readonly log?: Logger;
  readonly deviceRoot?: string;
};

export class AgentBed {
  readonly master: ScriptedMaster;
  readonly dataDir: string;
  readonly runtime: FakeRuntime;
  /** What was run by exec, and the servers that were connected to. */
  readonly processes: FakeProcess[] = [];
  private readonly ends: (() => Promise<void> | void)[] = [];
  private started: Agent | undefined;

  constructor(master: ScriptedMaster, dataDir: string) {
    this.master = master;
    this.dataDir = dataDir;
    const { processes } = this;
    this.runtime = new FakeRuntime({
      clock: systemClock,
      images: ['app:1', 'app:2'],
      programs: {
        exec: process => void processes.push(process),
        connect: (server, port) => port === 80 && processes.push(server) > 0,
      },
    });
  }

  /** Starts an agent as main does; the answer stops it. */
  startAgent(change: AgentChange = {}): () => Promise<void> {
    const stopping = new AbortController();
    const { runtime, dataDir } = this;
    const { epoch = 'epoch-1', port = this.master.port } = change;
    const agent = new Agent(
      {
        runtime,
        observer: createNodeObserver({ agentFolder: dataDir }),
        clock: systemClock,
        log: change.log ?? log,
        random: Math.random,
      },
      {
        masterUrl: `mqtt://127.0.0.1:${port}`,
        dataDir,
        memoryFolder: joinPath(dataDir, 'memory'),
        credentials: change.credentials ?? credentials,
        epoch,
        heartbeatIntervalMs: 100,
        deviceRoot: change.deviceRoot,
      },
    );
    this.started = agent;
    const ended = agent.run(stopping.signal);
    const stop = async () => {
      stopping.abort();
      await ended;
    };
    this.atEnd(stop);
    return stop;
  }

  /** The one that was started last. */
  get agent(): Agent {
    if (this.started === undefined) throw new Error('no agent was started');
    return this.started;
  }

  /** The last that was handed over is called first. */
  atEnd(end: () => Promise<void> | void): void {
    this.ends.push(end);
  }

  phaseOf(uid: string): string | undefined {
    return this.master.pods.get(uid)?.status.phase;
  }

  runningOf(uid: string): readonly RuntimeContainer[] {
    return this.runtime
      .snapshot()
      .filter(each => !isSandbox(each) && each.labels.podUid === uid && each.state.kind === 'running');
  }

  async end(): Promise<void> {
    for (const end of this.ends.splice(0).reverse()) await end();
    await this.master.stop();
    await rm(this.dataDir, { recursive: true, maxRetries: 5 });
  }
}

/** To be called at the top of a file; `bed()` is the present test's. */
export function useAgentBed(): () => AgentBed {
  let bed: AgentBed | undefined;
  beforeEach(async () => {
    bed = new AgentBed(await startScriptedMaster(), await mkdtemp(joinPath(tmpdir(), 'pikelet-agent-')));
  });
  afterEach(() => bed?.end());
  return () => {
    if (bed === undefined) throw new Error('the bed is there in tests alone');
    return bed;
  };
}
