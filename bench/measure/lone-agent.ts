/** One agent as devices run it, on this machine's Docker, with a broker that plays its master: what it says can be timed as it comes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { AGENT_LAUNCH } from '../../deploy/up/launch-options.ts';
import { DockerRuntime } from '../../node-agent/runtime/docker-runtime.ts';
import { systemClock } from '../../shared/clock.ts';
import { type AnyCall, type PodDocument, REPLY_FRAME } from '../../shared/protocol/messages.ts';
import { removeDeviceMemory } from '../../test/support/device-memory.ts';
import {
  JOIN_TOKEN,
  NODE,
  type ScriptedMaster,
  startScriptedMaster,
} from '../../test/support/scripted-master.ts';
import { type Figures, figuresOf } from './process-figures.ts';

const AGENT = resolve('dist/agent.cjs');

export type LoneAgent = {
  readonly master: ScriptedMaster;
  /** When each heartbeat came, milliseconds of the monotonic clock. */
  readonly beats: readonly number[];
  readonly figures: () => Figures;
  /** How often a pod's status was told in a report. */
  readonly statusChanges: () => number;
  /** How many run of the pods that are `podsLike` the one of this name. */
  readonly running: (name: string) => number;
  /** Aborts when the person at the terminal has had enough. */
  readonly signal: AbortSignal;
  readonly open: (id: string, call: AnyCall, reader: Reader) => Promise<void>;
};

/** What a stream's reader grants at its start, and whether it grants what it has read once more. */
export type Reader = {
  readonly creditBytes: number;
  readonly isSlow: boolean;
  readBytes: number;
  /** What was said at the end, once it has ended. */
  end?: string;
};

/** Runs `measure`; agent, containers and files are gone afterwards. */
export async function withLoneAgent(measure: (agent: LoneAgent) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pikelet-bench-'));
  const cluster = basename(folder);
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort(new Error(name)));
  const dataDir = join(folder, NODE);
  const beats: number[] = [];
  const readers = new Map<string, Reader>();
  const master = await startScriptedMaster(0, {
    cluster,
    onHeartbeat: () => beats.push(systemClock.monotonicMs()),
    onReply: (id, payload) => {
      const reader = readers.get(id);
      if (reader === undefined) return;
      if (payload[0] === REPLY_FRAME.end) {
        reader.end = Buffer.from(payload.subarray(1)).toString();
        return;
      }
      const bytes = payload.byteLength - 1;
      reader.readBytes += bytes;
      if (!reader.isSlow) void master.call(id, { kind: 'credit', bytes });
    },
  });
  const runtime = new DockerRuntime({ owner: { cluster, node: NODE }, clock: systemClock });
  const removeContainers = async () => {
    for (const { id } of await runtime.list()) await runtime.remove(id);
  };
  const flags = ['--master', `mqtt://127.0.0.1:${master.port}`, '--data-dir', dataDir, '--name', NODE];
  const others = ['--token', JOIN_TOKEN, '--image-gc-high-threshold', '100', '--log-level', 'warn'];
  const agent = spawn(process.execPath, [...AGENT_LAUNCH.nodeFlags, AGENT, ...flags, ...others], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...AGENT_LAUNCH.environment },
  });
  try {
    await measure({
      master,
      beats,
      signal: ending.signal,
      figures: () => figuresOf({ name: NODE, pid: agent.pid ?? 0, args: [] }),
      statusChanges: () => master.reports.reduce((sum, { pods }) => sum + pods.length, 0),
      running: name =>
        [...master.pods.values()].filter(
          ({ uid, status }) => uid.startsWith(`${name}-`) && status.phase === 'Running',
        ).length,
      open: async (id, call, reader) => {
        readers.set(id, reader);
        await master.call(id, { kind: 'open', creditBytes: reader.creditBytes, call });
      },
    });
  } finally {
    agent.kill('SIGKILL');
    if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
    await removeContainers();
    await master.stop();
    await removeDeviceMemory(dataDir);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Documents of `count` pods that differ in their names alone. */
export function podsLike(document: PodDocument, count: number): { readonly document: PodDocument }[] {
  return Array.from({ length: count }, (_, i) => ({
    document: { ...document, uid: `${document.name}-${i}`, name: `${document.name}-${i}` },
  }));
}
