import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { type Logger, pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cable } from '../../deploy/up/cable.ts';
import { portOf } from '../../master/broker/transport.ts';
import { Agent } from '../../node-agent/agent.ts';
import { type Credentials, loadCredentials, saveCredentials } from '../../node-agent/link/credentials.ts';
import { join } from '../../node-agent/link/join.ts';
import { createNodeObserver } from '../../node-agent/node-info/node-observer.ts';
import { RuntimeError } from '../../node-agent/runtime/container-runtime.ts';
import type { FakeProcess } from '../../node-agent/runtime/fake-process.ts';
import { FakeRuntime } from '../../node-agent/runtime/fake-runtime.ts';
import { aContainer, aDocument } from '../../node-agent/sync/pod-builders.ts';
import { isSandbox } from '../../node-agent/sync/sandbox.ts';
import { systemClock } from '../../shared/clock.ts';
import { STREAM_INPUT_CREDIT_BYTES, STREAMS_PER_NODE_MAX } from '../../shared/protocol/limits.ts';
import type { LogsCall, StreamCall } from '../../shared/protocol/messages.ts';
import { topics } from '../../shared/protocol/topics.ts';
import {
  CLUSTER,
  JOIN_TOKEN,
  NODE,
  PASSWORD,
  type ScriptedMaster,
  startScriptedMaster,
} from '../support/scripted-master.ts';

const log = pino({ level: process.env.PIKELET_TEST_LOG ?? 'silent' });
const credentials = { node: NODE, password: PASSWORD, cluster: CLUSTER };

let master: ScriptedMaster;
let runtime: FakeRuntime;
let dataDir: string;
/** What was run by exec, and the servers that were connected to. */
let processes: FakeProcess[];
const ends: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  master = await startScriptedMaster();
  processes = [];
  runtime = new FakeRuntime({
    clock: systemClock,
    images: ['app:1', 'app:2'],
    programs: {
      exec: process => void processes.push(process),
      connect: (server, port) => port === 80 && processes.push(server) > 0,
    },
  });
  dataDir = await mkdtemp(joinPath(tmpdir(), 'pikelet-agent-'));
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await master.stop();
  await rm(dataDir, { recursive: true, maxRetries: 5 });
});

/** Starts an agent as main does; the answer stops it. */
function startAgent(
  change: {
    readonly epoch?: string;
    readonly port?: number;
    readonly credentials?: Credentials;
    readonly log?: Logger;
  } = {},
) {
  const stopping = new AbortController();
  const { epoch = 'epoch-1', port = master.port } = change;
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
    },
  );
  const ended = agent.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await ended;
  };
  ends.push(stop);
  return stop;
}

const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 10 });
const phaseOf = (uid: string) => master.pods.get(uid)?.status.phase;
const runningOf = (uid: string) =>
  runtime
    .snapshot()
    .filter(each => !isSandbox(each) && each.labels.podUid === uid && each.state.kind === 'running');

/** A document whose only volume holds a token, and the file in it. */
function withToken(uid: string) {
  const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 3607 } }];
  const container = aContainer({ volumeMounts: [{ name: 'v', mountPath: '/v' }] });
  const document = aDocument({
    uid,
    spec: { containers: [container], volumes: [{ name: 'v', projected: { sources } }] },
  });
  return { document, file: joinPath(dataDir, 'memory', 'pods', uid, 'volumes', 'v', 'token') };
}

describe('tokens of service accounts', () => {
  const answer = (podUid: string, token: string) =>
    master.broker.publish(
      topics.documents(NODE),
      JSON.stringify({
        documents: [],
        tokens: [{ podUid, audience: '', expirationSeconds: 3607, token, validSeconds: 3607 }],
      }),
      { qos: 1, retain: false },
    );

  it('are asked for, written into the pod, replaced, and kept from the disk', async () => {
    const { document, file } = withToken('uid-t');
    const stop = startAgent();
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() =>
      expect(master.requests.flatMap(({ tokens = [] }) => tokens)).toContainEqual({
        podUid: 'uid-t',
        audience: '',
        expirationSeconds: 3607,
      }),
    );
    expect(runningOf('uid-t')).toEqual([]);
    await answer('uid-t', 'first');
    await until(() => expect(runningOf('uid-t')).toHaveLength(1));
    expect(await readFile(file, 'utf8')).toBe('first');
    await answer('uid-t', 'second');
    await until(async () => expect(await readFile(file, 'utf8')).toBe('second'));
    const checkpoint = await readFile(joinPath(dataDir, 'checkpoint.json'), 'utf8');
    expect(checkpoint).not.toMatch(/first|second/);
    await stop();
    await master.stop();
    startAgent({ epoch: 'epoch-2' });
    await until(() => expect(runtime.snapshot()).toHaveLength(1));
    expect(await readFile(file, 'utf8')).toBe('second');
  });

  it('are not waited for with no master', async () => {
    const { document, file } = withToken('uid-t');
    const stop = startAgent();
    await master.want({ generation: 1, pods: [{ document }] });
    await answer('uid-t', 'first');
    await until(() => expect(runningOf('uid-t')).toHaveLength(1));
    await stop();
    await master.stop();
    // As a power cut leaves it.
    await rm(joinPath(dataDir, 'memory'), { recursive: true });
    for (const { id } of runtime.snapshot()) runtime.exit(id, 137);
    startAgent({ epoch: 'epoch-2' });
    await until(() => expect(runningOf('uid-t')).toHaveLength(1));
    await expect(readFile(file, 'utf8')).rejects.toThrow('ENOENT');
  });
});

describe('joining', () => {
  const options = () => ({
    url: `mqtt://127.0.0.1:${master.port}`,
    token: JOIN_TOKEN,
    clientId: 'device-1',
    name: 'pi-1',
    deviceId: 'serial:1',
  });
  const deps = { clock: systemClock, log, random: Math.random };

  it('gets credentials for a token and keeps them for the owner alone', async () => {
    const got = await join(deps, options(), new AbortController().signal);
    expect(got).toEqual(credentials);
    expect(master.joinRequests).toMatchObject([{ name: 'pi-1', deviceId: 'serial:1' }]);
    await saveCredentials(dataDir, got);
    expect(await loadCredentials(dataDir)).toEqual(credentials);
    expect((await stat(joinPath(dataDir, 'credentials.json'))).mode & 0o777).toBe(0o600);
  });

  it('goes on asking when refused, and ends when told to', async () => {
    const stopping = new AbortController();
    const complaints: string[] = [];
    const listening = pino({ level: 'error' }, { write: line => complaints.push(JSON.parse(line).msg) });
    const asked = join({ ...deps, log: listening }, { ...options(), token: 'wrong' }, stopping.signal);
    const outcome = asked.catch(() => 'stopped');
    await until(() => expect(complaints).toHaveLength(1));
    expect(complaints[0]).toContain('pikelet token create');
    stopping.abort();
    expect(await outcome).toBe('stopped');
  });
});

describe('a refused node', () => {
  it('says so once, how to mend it, and does not join anew', async () => {
    const said: { level: number; msg: string }[] = [];
    const listening = pino({ level: 'warn' }, { write: line => said.push(JSON.parse(line)) });
    startAgent({ credentials: { ...credentials, password: 'wrong' }, log: listening });
    await until(() => expect(said).toHaveLength(1));
    expect(said[0]).toMatchObject({ level: 50 });
    expect(said[0]?.msg).toContain('delete credentials.json');
    expect(master.sessions).toEqual([]);
    expect(master.joinRequests).toEqual([]);
  });
});

describe('a session', () => {
  it('says who it is and all there is, then runs what it is told', async () => {
    startAgent();
    await until(() => expect(master.sessions).toMatchObject([{ epoch: 'epoch-1', state: 'online' }]));
    await master.want({ generation: 7, pods: [{ document: aDocument() }] });
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
    await until(() => expect(master.reports.at(-1)?.observed).toEqual({ incarnation: 1, generation: 7 }));
    expect(master.reports.some(report => report.full)).toBe(true);
    expect(runningOf('uid-1')).toHaveLength(1);
    await until(() =>
      expect(master.reports.find(({ node }) => node?.conditions[0]?.status === 'True')).toBeDefined(),
    );
    const node = master.reports.findLast(report => report.node)?.node;
    expect(node).toMatchObject({
      labels: { 'kubernetes.io/hostname': NODE, 'kubernetes.io/os': 'linux' },
      nodeInfo: { kubeletVersion: 'v1.32.0+pikelet.0.1.0' },
    });
    const events = master.reports.flatMap(report => report.events ?? []).map(({ reason }) => reason);
    expect(events).toEqual(['Pulled', 'Created', 'Started']);
    await until(() => expect(master.heartbeats.length).toBeGreaterThan(3));
    expect(master.heartbeats.some(({ usage }) => usage !== undefined)).toBe(true);
  });

  it('says goodbye and leaves the containers running', async () => {
    const stop = startAgent();
    await master.want({ generation: 1, pods: [{ document: aDocument() }] });
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
    await stop();
    await until(() => expect(master.sessions.at(-1)).toMatchObject({ state: 'offline', reason: 'shutdown' }));
    expect(runningOf('uid-1')).toHaveLength(1);
  });

  it('asks for documents that did not come, until they do', async () => {
    master.sendsDocuments = false;
    startAgent();
    await master.want({ generation: 1, pods: [{ document: aDocument() }] });
    const request = await until(() => {
      const [first] = master.requests;
      expect(first).toBeDefined();
      return first;
    });
    expect(runtime.snapshot()).toEqual([]);
    await master.sendDocuments(request?.documents ?? []);
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
  });

  it('stops, removes and reports gone what is terminated, and forgets what left the index', async () => {
    const second = aDocument({ uid: 'uid-2', name: 'pod-2' });
    startAgent();
    await master.want({ generation: 1, pods: [{ document: aDocument() }, { document: second }] });
    await until(() => expect([phaseOf('uid-1'), phaseOf('uid-2')]).toEqual(['Running', 'Running']));
    await master.want({ generation: 2, pods: [{ document: aDocument(), terminateWithinSeconds: 1 }] });
    await until(() => expect(master.pods.get('uid-1')?.gone).toBe(true));
    await until(() => expect(runtime.snapshot()).toEqual([]));
    expect(master.pods.get('uid-1')?.status.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 143,
    });
    await master.want({ generation: 3, pods: [] });
    await until(() => expect(master.reports.at(-1)?.observed?.generation).toBe(3));
  });

  it('restarts only the container whose image changed', async () => {
    const pod = (image: string) =>
      aDocument({ spec: { containers: [aContainer({ name: 'a' }), aContainer({ name: 'b', image })] } });
    startAgent();
    await master.want({ generation: 1, pods: [{ document: pod('app:1') }] });
    await until(() => expect(runningOf('uid-1')).toHaveLength(2));
    const other = runtime.find('uid-1', 'a')?.id;
    await master.want({ generation: 2, pods: [{ document: pod('app:2') }] });
    await until(() => expect(runningOf('uid-1').map(({ image }) => image)).toEqual(['app:1', 'app:2']));
    expect(runtime.find('uid-1', 'a')?.id).toBe(other);
    expect(runtime.find('uid-1', 'b')?.labels.attempt).toBe(1);
  });

  it('refuses a set that is older than the one it holds, or of another epoch', async () => {
    startAgent();
    await master.want({ generation: 5, pods: [{ document: aDocument() }] });
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
    await master.want({ generation: 4, pods: [] });
    await master.want({ generation: 6, pods: [{ document: aDocument({ labels: { a: 'b' } }) }] });
    await until(() => expect(master.reports.at(-1)?.observed?.generation).toBe(6));
    expect(runningOf('uid-1').map(({ labels }) => labels.attempt)).toEqual([0]);
    expect(master.reports.some(({ observed }) => observed?.generation === 4)).toBe(false);
  });
});

describe('a lost link', () => {
  it('comes back under the same epoch, says all again and misses nothing', async () => {
    startAgent();
    await master.want({ generation: 1, pods: [{ document: aDocument() }] });
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
    const before = master.reports.length;
    master.dropConnection();
    runtime.exit(runningOf('uid-1')[0]?.id ?? '', 1);
    await until(() => expect(master.sessions.filter(({ state }) => state === 'online')).toHaveLength(2));
    expect(new Set(master.sessions.map(({ epoch }) => epoch))).toEqual(new Set(['epoch-1']));
    await until(() => expect(master.reports.slice(before).some(({ full }) => full)).toBe(true));
    await until(() => expect(master.pods.get('uid-1')?.status.containerStatuses?.[0]?.restartCount).toBe(1));
  });

  it('is noticed when it is silent, and used again when it is whole', async () => {
    const cable = new Cable({ host: '127.0.0.1', port: master.port });
    const port = await cable.open();
    ends.push(() => cable.close());
    startAgent({ port });
    await until(() => expect(master.heartbeats.length).toBeGreaterThan(0));
    cable.cut();
    await until(() => expect(master.sessions.at(-1)?.state).toBe('online'));
    const heard = master.heartbeats.length;
    // The broker closes a silent connection after one and a half keep-alives, and says the will.
    await until(() => expect(master.sessions.at(-1)).toMatchObject({ state: 'offline', reason: 'will' }));
    cable.join();
    await until(() => expect(master.sessions.at(-1)?.state).toBe('online'));
    await until(() => expect(master.heartbeats.length).toBeGreaterThan(heard));
  });
});

describe('a master that accepts connections and answers nothing more', () => {
  it('is left and tried again', async () => {
    let tries = 0;
    const CONNACK = Buffer.from([0x20, 2, 0, 0]);
    const mute = createServer(socket => {
      tries++;
      socket.once('data', () => socket.write(CONNACK)).on('error', () => undefined);
    });
    ends.push(() => void mute.close());
    await once(mute.listen(0, '127.0.0.1'), 'listening');
    startAgent({ port: portOf(mute) });
    await until(() => expect(tries).toBe(2));
  });
});

describe('with no master', () => {
  it('runs what it ran before, from the checkpoint', async () => {
    const stop = startAgent();
    await master.want({ generation: 3, pods: [{ document: aDocument() }] });
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
    await stop();
    await master.stop();
    runtime.restartEngine();
    startAgent({ epoch: 'epoch-2' });
    await until(() => expect(runningOf('uid-1').map(({ labels }) => labels.attempt)).toEqual([1]));
  });

  it('falls back to the checkpoint before when the newest is torn, and says so', async () => {
    const stop = startAgent();
    await master.want({ generation: 3, pods: [{ document: aDocument() }] });
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
    await master.want({ generation: 4, pods: [{ document: aDocument({ labels: { a: 'b' } }) }] });
    const path = joinPath(dataDir, 'checkpoint.json');
    await until(async () => expect(await readFile(path, 'utf8')).toContain('"generation":4'));
    await stop();
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 200));
    runtime.restartEngine();
    startAgent({ epoch: 'epoch-2' });
    await until(() => expect(runningOf('uid-1')).toHaveLength(1));
    await until(() =>
      expect(master.reports.flatMap(({ events }) => events ?? []).map(({ reason }) => reason)).toContain(
        'CheckpointDamaged',
      ),
    );
  });
});

describe('the engine away', () => {
  it('is a condition that says how to mend it, and ends with it', async () => {
    runtime.setReachable(false);
    startAgent();
    await master.want({ generation: 1, pods: [{ document: aDocument() }] });
    const ready = () =>
      master.reports.findLast(({ node }) => node)?.node?.conditions.find(({ type }) => type === 'Ready');
    await until(() => expect(ready()).toMatchObject({ status: 'False', reason: 'ContainerRuntimeDown' }));
    expect(ready()?.message).toContain('docker.io');
    runtime.setReachable(true);
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
    await until(() => expect(ready()?.status).toBe('True'));
  });
});

describe('what goes wrong with a container', () => {
  const waiting = () => master.pods.get('uid-1')?.status.containerStatuses?.[0]?.state?.waiting;

  it('says what is missing and starts as soon as it is there', async () => {
    const envFrom = [{ configMapRef: { name: 'cm' } }];
    const document = aDocument({ spec: { containers: [aContainer({ envFrom })] } });
    startAgent();
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() =>
      expect(waiting()).toEqual({
        reason: 'CreateContainerConfigError',
        message: 'configmap "cm" not found',
      }),
    );
    const configMaps = { cm: { data: { A: '1' }, binaryData: {} } };
    await master.want({ generation: 2, pods: [{ document: { ...document, configMaps } }] });
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
    expect(runtime.specOf(runningOf('uid-1')[0]?.id ?? '')?.env).toEqual([{ name: 'A', value: '1' }]);
  });

  it('waits for what a volume is made of, and says what that is', async () => {
    const container = aContainer({ volumeMounts: [{ name: 'v', mountPath: '/v' }] });
    const volumes = [{ name: 'v', configMap: { name: 'cm' } }];
    const document = aDocument({ spec: { containers: [container], volumes } });
    startAgent();
    await master.want({ generation: 1, pods: [{ document }] });
    const message = 'MountVolume.SetUp failed for volume "v" : configmap "cm" not found';
    await until(() => expect(waiting()).toEqual({ reason: 'ContainerCreating', message }));
    await until(() =>
      expect(master.reports.flatMap(({ events = [] }) => events)).toContainEqual(
        expect.objectContaining({ type: 'Warning', reason: 'FailedMount', message }),
      ),
    );
    const configMaps = { cm: { data: { A: '1' }, binaryData: {} } };
    await master.want({ generation: 2, pods: [{ document: { ...document, configMaps } }] });
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
  });

  it('says why an image cannot be had', async () => {
    startAgent();
    const document = aDocument({ spec: { containers: [aContainer({ image: 'none:1' })] } });
    await master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(waiting()?.reason).toBe('ErrImagePull'));
    await until(() => expect(waiting()?.reason).toBe('ImagePullBackOff'));
    runtime.addImage('none:1');
  });

  it('backs off from a container that crashes again and again', async () => {
    startAgent();
    await master.want({ generation: 1, pods: [{ document: aDocument() }] });
    for (const attempt of [0, 1]) {
      await until(() => expect(runningOf('uid-1')[0]?.labels.attempt).toBe(attempt));
      runtime.exit(runningOf('uid-1')[0]?.id ?? '', 1);
    }
    await until(() => expect(waiting()?.reason).toBe('CrashLoopBackOff'));
    expect(master.pods.get('uid-1')?.status.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    });
  });

  it('says what the engine says of a failed start', async () => {
    runtime.failNext('start', new RuntimeError('start', 'invalid', 'exec: "nope": not found'));
    startAgent();
    await master.want({ generation: 1, pods: [{ document: aDocument() }] });
    await until(() => expect(waiting()).toMatchObject({ reason: 'RunContainerError' }));
    expect(waiting()?.message).toContain('exec: "nope": not found');
  });
});

describe('logs', () => {
  const call: LogsCall = {
    kind: 'logs',
    podUid: 'uid-1',
    container: 'web',
    follow: false,
    previous: false,
    timestamps: false,
  };
  const output = (id: string) => master.replies.get(id)?.output.toString();
  const idOf = () => runningOf('uid-1')[0]?.id ?? '';

  beforeEach(async () => {
    startAgent();
    await master.want({ generation: 1, pods: [{ document: aDocument() }] });
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
  });

  it('gives what there is, and follows until it is closed', async () => {
    runtime.writeLog(idOf(), 'one\n');
    runtime.writeLog(idOf(), 'two\n');
    await master.call('a', { kind: 'open', creditBytes: 1000, call: { ...call, tailLines: 1 } });
    await until(() => expect(master.replies.get('a')?.end).toEqual({}));
    expect(output('a')).toBe('two\n');
    await master.call('b', { kind: 'open', creditBytes: 1000, call: { ...call, follow: true } });
    await until(() => expect(output('b')).toBe('one\ntwo\n'));
    runtime.writeLog(idOf(), 'three\n');
    await until(() => expect(output('b')).toBe('one\ntwo\nthree\n'));
    await master.call('b', { kind: 'close' });
    expect(master.replies.get('b')?.end).toBeUndefined();
  });

  it('sends no more than it was granted, in frames of bounded size', async () => {
    runtime.writeLog(idOf(), 'x'.repeat(100_000));
    await master.call('c', { kind: 'open', creditBytes: 40_000, call });
    await until(() => expect(output('c')).toHaveLength(40_000));
    expect(master.replies.get('c')?.frames).toBe(2);
    await master.call('c', { kind: 'credit', bytes: 200_000 });
    await until(() => expect(master.replies.get('c')?.end).toEqual({}));
    expect(output('c')).toHaveLength(100_000);
  });

  it('tells of a container before, of one that is not there, and keeps to a limit of bytes', async () => {
    runtime.writeLog(idOf(), 'first life\n');
    runtime.exit(idOf(), 1);
    await until(() => expect(master.pods.get('uid-1')?.status.containerStatuses?.[0]?.restartCount).toBe(1));
    await master.call('d', {
      kind: 'open',
      creditBytes: 99,
      call: { ...call, previous: true, limitBytes: 5 },
    });
    await until(() => expect(master.replies.get('d')?.end).toEqual({}));
    expect(output('d')).toBe('first');
    await master.call('e', { kind: 'open', creditBytes: 99, call: { ...call, container: 'none' } });
    await until(() => expect(master.replies.get('e')?.end).toMatchObject({ error: { reason: 'NotFound' } }));
  });
});

describe('exec and port-forward', () => {
  const exec: StreamCall = {
    kind: 'exec',
    podUid: 'uid-1',
    container: 'web',
    command: ['sh'],
    stdin: true,
    stdout: true,
    stderr: true,
    tty: true,
  };
  const open = (id: string, call: StreamCall = exec, creditBytes = 100_000) =>
    master.call(id, { kind: 'open', call, creditBytes });
  const reply = (id: string) => master.replies.get(id);
  const process = async (index = 0) => {
    await until(() => expect(processes.length).toBeGreaterThan(index));
    const found = processes[index];
    if (!found) throw new Error('no process');
    return found;
  };

  beforeEach(async () => {
    startAgent();
    await master.want({ generation: 1, pods: [{ document: aDocument() }] });
    await until(() => expect(phaseOf('uid-1')).toBe('Running'));
  });

  it('carries input, both outputs, the size of the terminal and the exit code', async () => {
    await open('a');
    const shell = await process();
    await until(() => expect(reply('a')?.inputCreditBytes).toBe(STREAM_INPUT_CREDIT_BYTES));
    for (let n = 0; n < 100; n++) await master.input('a', Buffer.from(`${n},`));
    await master.call('a', { kind: 'resize', columns: 99, rows: 33 });
    await master.call('a', { kind: 'endInput' });
    let input = '';
    for await (const text of shell.input()) input += text;
    expect(input).toBe(Array.from({ length: 100 }, (_, n) => `${n},`).join(''));
    await until(() => expect(shell.size).toMatchObject({ columns: 99, rows: 33 }));
    await shell.print('out');
    await shell.print('err', 'stderr');
    shell.exit(7);
    await until(() => expect(reply('a')?.end).toEqual({ exitCode: 7 }));
    expect(reply('a')?.output.toString()).toBe('out');
    expect(reply('a')?.stderr.toString()).toBe('err');
  });

  it('ends a call that sends more input than was granted, and one that is closed', async () => {
    await open('b');
    const flooded = await process();
    await until(() => expect(reply('b')?.inputCreditBytes).toBeGreaterThan(0));
    for (let n = 0; n < 3; n++) await master.input('b', Buffer.alloc(STREAM_INPUT_CREDIT_BYTES / 2 + 1));
    await until(() => expect(reply('b')?.end).toMatchObject({ error: { reason: 'BadRequest' } }));
    expect(flooded.signal.aborted).toBe(true);
    await open('c');
    const closed = await process(1);
    await master.call('c', { kind: 'close' });
    await until(() => expect(closed.signal.aborted).toBe(true));
    await open('d');
    const lost = await process(2);
    master.dropConnection();
    await until(() => expect(lost.signal.aborted).toBe(true));
  });

  it('connects to a port of a pod, and says what cannot be reached', async () => {
    await open('e', { kind: 'portForward', podUid: 'uid-1', port: 80 });
    const server = await process();
    await server.print('hello');
    server.exit();
    await until(() => expect(reply('e')?.end).toEqual({}));
    expect(reply('e')?.output.toString()).toBe('hello');
    await open('f', { kind: 'portForward', podUid: 'uid-1', port: 81 });
    await until(() => expect(reply('f')?.end).toMatchObject({ error: { reason: 'NotFound' } }));
    await open('g', { ...exec, container: 'none' });
    const message = 'container not found ("none")';
    await until(() => expect(reply('g')?.end).toEqual({ error: { reason: 'NotFound', message } }));
  });

  it('goes on beating with a hundred streams and one reader that stalls; one too many is refused', async () => {
    const ids = Array.from({ length: STREAMS_PER_NODE_MAX }, (_, index) => `s${index}`);
    const [stalled = '', ...flowing] = ids;
    await open(stalled, exec, 1000);
    const first = await process();
    for (const id of flowing) await open(id, exec, 2_000_000);
    await process(ids.length - 1);
    await open('one-more');
    await until(() => expect(reply('one-more')?.end).toMatchObject({ error: { reason: 'TooManyRequests' } }));
    const before = master.heartbeats.at(-1)?.sequence ?? 0;
    const piece = 'x'.repeat(10_000);
    let printed = 0;
    const flood = (async () => {
      for (; !first.signal.aborted; printed++) await first.print(piece);
    })();
    await Promise.all(
      processes.slice(1).map(async each => {
        for (let n = 0; n < 50; n++) await each.print(piece);
        each.exit(0);
      }),
    );
    await until(() => {
      for (const id of flowing) expect(reply(id)?.end).toEqual({ exitCode: 0 });
    });
    for (const id of flowing) expect(reply(id)?.output).toHaveLength(500_000);
    expect(reply(stalled)?.output).toHaveLength(1000);
    expect(printed).toBeLessThan(3);
    await until(() => expect(master.heartbeats.at(-1)?.sequence).toBeGreaterThan(before + 3));
    const sequences = master.heartbeats.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] ?? 0) + index));
    await master.call(stalled, { kind: 'close' });
    await flood;
  });
});
