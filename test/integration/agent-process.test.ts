import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DockerRuntime } from '../../node-agent/runtime/docker-runtime.ts';
import { aContainer, aDocument } from '../../node-agent/sync/pod-builders.ts';
import { systemClock } from '../../shared/clock.ts';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { parseBytes } from '../../shared/quantity.ts';
import { removeDeviceMemory } from '../support/device-memory.ts';
import { ensureTestImage } from '../support/image.ts';
import {
  CLUSTER,
  JOIN_TOKEN,
  NODE,
  type ScriptedMaster,
  startScriptedMaster,
} from '../support/scripted-master.ts';

const STUB = join(import.meta.dirname, '../../deploy/stubs/empty.cjs');

let folder: string;
let image: string;
let master: ScriptedMaster;
let agent: ChildProcess | undefined;
const runtime = new DockerRuntime({ owner: { cluster: CLUSTER, node: NODE }, clock: systemClock });
const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 30_000, interval: 20 });

async function removeContainers(): Promise<void> {
  for (const { id } of await runtime.list()) await runtime.remove(id);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-agent-'));
  image = await ensureTestImage();
  master = await startScriptedMaster();
  await removeContainers();
  await build({
    entryPoints: [join(import.meta.dirname, '../../node-agent/main.ts')],
    outfile: join(folder, 'agent.cjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    alias: { ssh2: STUB, '@grpc/grpc-js': STUB, '@grpc/proto-loader': STUB, protobufjs: STUB },
  });
});

afterAll(async () => {
  agent?.kill('SIGKILL');
  await removeContainers();
  await master.stop();
  await removeDeviceMemory(join(folder, 'data'));
  await rm(folder, { recursive: true });
});

function start(flags: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const gc = ['--image-gc-high-threshold', '100'];
  const data = [
    ...gc,
    '--data-dir',
    join(folder, 'data'),
    '--log-level',
    process.env.PIKELET_TEST_LOG ?? 'warn',
  ];
  const where = ['--master', `mqtt://127.0.0.1:${master.port}`];
  agent = spawn(process.execPath, [join(folder, 'agent.cjs'), ...where, ...data, ...flags], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  return agent;
}

async function end(process_: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  process_.kill(signal);
  const [code] = await once(process_, 'exit');
  return code;
}

function aPod(uid: string): PodDocument {
  const container = aContainer({
    image,
    command: ['sh', '-c', 'cat /etc/greeting/text; exec sleep 1000'],
    resources: { limits: { cpu: '100m', memory: '16Mi' } },
    volumeMounts: [{ name: 'greeting', mountPath: '/etc/greeting' }],
  });
  return aDocument({
    uid,
    name: uid,
    configMaps: { greeting: { data: { text: 'hello\n' }, binaryData: {} } },
    spec: {
      containers: [container],
      terminationGracePeriodSeconds: 0,
      volumes: [{ name: 'greeting', configMap: { name: 'greeting' } }],
    },
  });
}

describe('the agent as a process, on Docker', () => {
  let documents: readonly PodDocument[] = [];
  beforeAll(() => {
    documents = ['one', 'two', 'three', 'four', 'five'].map(aPod);
  });
  const want = (generation: number) =>
    master.want({ generation, pods: documents.map(document => ({ document })) });
  const ready = () => documents.filter(({ uid }) => master.pods.get(uid)?.status.phase === 'Running').length;

  it('joins, runs pods with their files, and streams what they print', async () => {
    const capacity = ['--capacity-cpu', '500m', '--capacity-memory', '256Mi'];
    const reserved = ['--reserved-cpu', '100m', '--reserved-memory', '64Mi'];
    start(['--token', JOIN_TOKEN, '--name', NODE, ...capacity, ...reserved]);
    await until(() => expect(master.sessions.at(-1)?.state).toBe('online'));
    await want(1);
    await until(() => expect(ready()).toBe(5));
    const node = master.reports.findLast(report => report.node)?.node;
    expect(node?.capacity).toMatchObject({ cpu: '500m', memory: '256Mi' });
    // A tenth of the memory is always kept free.
    expect(node?.allocatable).toMatchObject({ cpu: '400m', memory: String(Math.floor(166.4 * 2 ** 20)) });
    expect(parseBytes(node?.allocatable['ephemeral-storage'] ?? '0')).toBeGreaterThan(0);
    expect(node?.conditions[0]).toMatchObject({ type: 'Ready', status: 'True' });
    const call = {
      kind: 'logs' as const,
      podUid: 'one',
      container: 'web',
      previous: false,
      timestamps: false,
    };
    // Running says that the process has started; what it prints comes a moment later.
    await master.call('a', { kind: 'open', creditBytes: 1000, call: { ...call, follow: true } });
    await until(() => expect(master.replies.get('a')?.output.toString()).toBe('hello\n'));
    await master.call('a', { kind: 'close' });
    await master.call('b', { kind: 'open', creditBytes: 1000, call: { ...call, follow: false } });
    await until(() => expect(master.replies.get('b')?.end).toEqual({}));
    expect(master.replies.get('b')?.output.toString()).toBe('hello\n');
  });

  it('runs a command and reaches a server on the loopback of a pod', async () => {
    const exec = { kind: 'exec', podUid: 'one', container: 'web', stdin: false, tty: false } as const;
    const both = { stdout: true, stderr: true };
    const serve = ['sh', '-c', 'httpd -p 127.0.0.1:8080 -h /www; echo "$PATH"; echo err >&2; exit 3'];
    const call = { ...exec, ...both, command: serve };
    await master.call('c', { kind: 'open', creditBytes: 1000, call });
    await until(() => expect(master.replies.get('c')?.end).toEqual({ exitCode: 3 }));
    expect(master.replies.get('c')?.output.toString()).toBe('/bin\n');
    expect(master.replies.get('c')?.stderr.toString()).toBe('err\n');
    const forward = { kind: 'portForward', podUid: 'one', port: 8080 } as const;
    await master.call('d', { kind: 'open', creditBytes: 1000, call: forward });
    await until(() => expect(master.replies.get('d')?.inputCreditBytes).toBeGreaterThan(0));
    await master.input('d', Buffer.from('GET / HTTP/1.0\r\n\r\n'));
    await until(() => expect(master.replies.get('d')?.end).toEqual({}));
    expect(master.replies.get('d')?.output.toString()).toContain('hello from a test');
  });

  it('tells what containers use, within its own share of memory', async () => {
    await until(() => expect(master.heartbeats.flatMap(({ usage }) => usage?.pods ?? [])).not.toEqual([]));
    const status = await readFile(`/proc/${agent?.pid}/status`, 'utf8');
    const residentKb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
    expect(residentKb).toBeGreaterThan(0);
    // The aim is 60 MB; what a process just started has not yet given back is allowed for.
    expect(residentKb).toBeLessThan(75 * 1024);
  });

  it('leaves containers alone when it ends, and finds them again when it is killed', async () => {
    if (!agent) throw new Error('no agent');
    const ids = async () => (await runtime.list()).map(({ id }) => id).sort();
    const before = await ids();
    expect(await end(agent, 'SIGTERM')).toBe(0);
    await until(() => expect(master.sessions.at(-1)).toMatchObject({ state: 'offline', reason: 'shutdown' }));
    const second = start();
    await until(() => expect(master.sessions.at(-1)?.state).toBe('online'));
    await end(second, 'SIGKILL');
    await until(() => expect(master.sessions.at(-1)).toMatchObject({ state: 'offline', reason: 'will' }));
    master.pods.clear();
    start();
    await until(() => expect(ready()).toBe(5));
    expect(await ids()).toEqual(before);
  });

  it('stops them with the device, and starts them again after its boot', async () => {
    if (!agent) throw new Error('no agent');
    await end(agent, 'SIGTERM');
    const systemctl = join(folder, 'systemctl');
    await writeFile(systemctl, '#!/bin/sh\n[ "$1" = is-system-running ] && echo stopping\nexit 1\n', {
      mode: 0o755,
    });
    const goingDown = start([], { PATH: `${folder}:${process.env.PATH}` });
    await until(() => expect(master.sessions.at(-1)?.state).toBe('online'));
    await until(() => expect(ready()).toBe(5));
    expect(await end(goingDown, 'SIGTERM')).toBe(0);
    expect((await runtime.list()).map(({ state }) => state.kind)).toEqual(Array(5).fill('exited'));
    await until(() => expect(master.sessions.at(-1)).toMatchObject({ state: 'offline', reason: 'shutdown' }));
    master.pods.clear();
    start();
    await until(() => expect(ready()).toBe(5));
  });

  it('removes all when nothing is wanted any more', async () => {
    await master.want({ generation: 2, pods: [] });
    await until(async () => expect(await runtime.list()).toEqual([]));
  });

  it('says what is wrong with its options, and exits with 2', async () => {
    const program = spawn(process.execPath, [join(folder, 'agent.cjs'), '--master', 'nonsense']);
    const said: Buffer[] = [];
    program.stderr.on('data', chunk => said.push(chunk));
    const [code] = await once(program, 'exit');
    expect(code).toBe(2);
    expect(Buffer.concat(said).toString()).toBe('pikelet-agent: --master: must look like mqtt://host:1883\n');
  });
});
