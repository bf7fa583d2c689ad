/** The agent as a whole, with a scripted master: joining, its session, what it runs, and what goes wrong. */
import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join as joinPath } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Cable } from '../../deploy/up/cable.ts';
import { portOf } from '../../master/broker/transport.ts';
import { loadCredentials, saveCredentials } from '../../node-agent/link/credentials.ts';
import { join } from '../../node-agent/link/join.ts';
import { RuntimeError } from '../../node-agent/runtime/container-runtime.ts';
import { aContainer, aDocument } from '../../node-agent/sync/pod-builders.ts';
import { systemClock } from '../../shared/clock.ts';
import { topics } from '../../shared/protocol/topics.ts';
import { credentials, log, until, useAgentBed } from '../support/agent-bed.ts';
import { JOIN_TOKEN, NODE } from '../support/scripted-master.ts';

const bed = useAgentBed();

/** A document whose only volume holds a token, and the file in it. */
function withToken(uid: string) {
  const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 3607 } }];
  const container = aContainer({ volumeMounts: [{ name: 'v', mountPath: '/v' }] });
  const document = aDocument({
    uid,
    spec: { containers: [container], volumes: [{ name: 'v', projected: { sources } }] },
  });
  return { document, file: joinPath(bed().dataDir, 'memory', 'pods', uid, 'volumes', 'v', 'token') };
}

describe('tokens of service accounts', () => {
  const answer = (podUid: string, token: string) =>
    bed().master.broker.publish(
      topics.documents(NODE),
      JSON.stringify({
        documents: [],
        tokens: [{ podUid, audience: '', expirationSeconds: 3607, token, validSeconds: 3607 }],
      }),
      { qos: 1, retain: false },
    );

  it('are asked for, written into the pod, replaced, and kept from the disk', async () => {
    const { document, file } = withToken('uid-t');
    const stop = bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document }] });
    await until(() =>
      expect(bed().master.requests.flatMap(({ tokens = [] }) => tokens)).toContainEqual({
        podUid: 'uid-t',
        audience: '',
        expirationSeconds: 3607,
      }),
    );
    expect(bed().runningOf('uid-t')).toEqual([]);
    await answer('uid-t', 'first');
    await until(() => expect(bed().runningOf('uid-t')).toHaveLength(1));
    expect(await readFile(file, 'utf8')).toBe('first');
    await answer('uid-t', 'second');
    await until(async () => expect(await readFile(file, 'utf8')).toBe('second'));
    const checkpoint = await readFile(joinPath(bed().dataDir, 'checkpoint.json'), 'utf8');
    expect(checkpoint).not.toMatch(/first|second/);
    await stop();
    await bed().master.stop();
    bed().startAgent({ epoch: 'epoch-2' });
    await until(() => expect(bed().runtime.snapshot()).toHaveLength(1));
    expect(await readFile(file, 'utf8')).toBe('second');
  });

  it('are not waited for with no master', async () => {
    const { document, file } = withToken('uid-t');
    const stop = bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document }] });
    await answer('uid-t', 'first');
    await until(() => expect(bed().runningOf('uid-t')).toHaveLength(1));
    await stop();
    await bed().master.stop();
    // As a power cut leaves it.
    await rm(joinPath(bed().dataDir, 'memory'), { recursive: true });
    for (const { id } of bed().runtime.snapshot()) bed().runtime.exit(id, 137);
    bed().startAgent({ epoch: 'epoch-2' });
    await until(() => expect(bed().runningOf('uid-t')).toHaveLength(1));
    await expect(readFile(file, 'utf8')).rejects.toThrow('ENOENT');
  });
});

describe('joining', () => {
  const options = () => ({
    url: `mqtt://127.0.0.1:${bed().master.port}`,
    token: JOIN_TOKEN,
    clientId: 'device-1',
    name: 'pi-1',
    deviceId: 'serial:1',
  });
  const deps = { clock: systemClock, log, random: Math.random };

  it('gets credentials for a token and keeps them for the owner alone', async () => {
    const got = await join(deps, options(), new AbortController().signal);
    expect(got).toEqual(credentials);
    expect(bed().master.joinRequests).toMatchObject([{ name: 'pi-1', deviceId: 'serial:1' }]);
    await saveCredentials(bed().dataDir, got);
    expect(await loadCredentials(bed().dataDir)).toEqual(credentials);
    expect((await stat(joinPath(bed().dataDir, 'credentials.json'))).mode & 0o777).toBe(0o600);
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
    bed().startAgent({ credentials: { ...credentials, password: 'wrong' }, log: listening });
    await until(() => expect(said).toHaveLength(1));
    expect(said[0]).toMatchObject({ level: 50 });
    expect(said[0]?.msg).toContain('delete credentials.json');
    expect(bed().master.sessions).toEqual([]);
    expect(bed().master.joinRequests).toEqual([]);
  });
});

describe('a session', () => {
  it('says who it is and all there is, then runs what it is told', async () => {
    bed().startAgent();
    await until(() => expect(bed().master.sessions).toMatchObject([{ epoch: 'epoch-1', state: 'online' }]));
    await bed().master.want({ generation: 7, pods: [{ document: aDocument() }] });
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
    await until(() =>
      expect(bed().master.reports.at(-1)?.observed).toEqual({ incarnation: 1, generation: 7 }),
    );
    expect(bed().master.reports.some(report => report.full)).toBe(true);
    expect(bed().runningOf('uid-1')).toHaveLength(1);
    await until(() =>
      expect(bed().master.reports.find(({ node }) => node?.conditions[0]?.status === 'True')).toBeDefined(),
    );
    const node = bed().master.reports.findLast(report => report.node)?.node;
    expect(node).toMatchObject({
      labels: { 'kubernetes.io/hostname': NODE, 'kubernetes.io/os': 'linux' },
      nodeInfo: { kubeletVersion: 'v1.32.0+pikelet.0.1.0' },
    });
    const events = bed()
      .master.reports.flatMap(report => report.events ?? [])
      .map(({ reason }) => reason);
    expect(events).toEqual(['Pulled', 'Created', 'Started']);
    await until(() => expect(bed().master.heartbeats.length).toBeGreaterThan(3));
    expect(bed().master.heartbeats.some(({ usage }) => usage !== undefined)).toBe(true);
  });

  it('says goodbye and leaves the containers running', async () => {
    const stop = bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document: aDocument() }] });
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
    await stop();
    await until(() =>
      expect(bed().master.sessions.at(-1)).toMatchObject({ state: 'offline', reason: 'shutdown' }),
    );
    expect(bed().runningOf('uid-1')).toHaveLength(1);
  });

  it('asks for documents that did not come, until they do', async () => {
    bed().master.sendsDocuments = false;
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document: aDocument() }] });
    const request = await until(() => {
      const [first] = bed().master.requests;
      expect(first).toBeDefined();
      return first;
    });
    expect(bed().runtime.snapshot()).toEqual([]);
    await bed().master.sendDocuments(request?.documents ?? []);
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
  });

  it('stops, removes and reports gone what is terminated, and forgets what left the index', async () => {
    const second = aDocument({ uid: 'uid-2', name: 'pod-2' });
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document: aDocument() }, { document: second }] });
    await until(() =>
      expect([bed().phaseOf('uid-1'), bed().phaseOf('uid-2')]).toEqual(['Running', 'Running']),
    );
    await bed().master.want({ generation: 2, pods: [{ document: aDocument(), terminateWithinSeconds: 1 }] });
    await until(() => expect(bed().master.pods.get('uid-1')?.gone).toBe(true));
    await until(() => expect(bed().runtime.snapshot()).toEqual([]));
    expect(bed().master.pods.get('uid-1')?.status.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 143,
    });
    await bed().master.want({ generation: 3, pods: [] });
    await until(() => expect(bed().master.reports.at(-1)?.observed?.generation).toBe(3));
  });

  it('restarts only the container whose image changed', async () => {
    const pod = (image: string) =>
      aDocument({ spec: { containers: [aContainer({ name: 'a' }), aContainer({ name: 'b', image })] } });
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document: pod('app:1') }] });
    await until(() => expect(bed().runningOf('uid-1')).toHaveLength(2));
    const other = bed().runtime.find('uid-1', 'a')?.id;
    await bed().master.want({ generation: 2, pods: [{ document: pod('app:2') }] });
    await until(() =>
      expect(
        bed()
          .runningOf('uid-1')
          .map(({ image }) => image),
      ).toEqual(['app:1', 'app:2']),
    );
    expect(bed().runtime.find('uid-1', 'a')?.id).toBe(other);
    expect(bed().runtime.find('uid-1', 'b')?.labels.attempt).toBe(1);
  });

  it('refuses a set that is older than the one it holds, or of another epoch', async () => {
    bed().startAgent();
    await bed().master.want({ generation: 5, pods: [{ document: aDocument() }] });
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
    await bed().master.want({ generation: 4, pods: [] });
    await bed().master.want({ generation: 6, pods: [{ document: aDocument({ labels: { a: 'b' } }) }] });
    await until(() => expect(bed().master.reports.at(-1)?.observed?.generation).toBe(6));
    expect(
      bed()
        .runningOf('uid-1')
        .map(({ labels }) => labels.attempt),
    ).toEqual([0]);
    expect(bed().master.reports.some(({ observed }) => observed?.generation === 4)).toBe(false);
  });
});

describe('a lost link', () => {
  it('comes back under the same epoch, says all again and misses nothing', async () => {
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document: aDocument() }] });
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
    const before = bed().master.reports.length;
    bed().master.dropConnection();
    bed().runtime.exit(bed().runningOf('uid-1')[0]?.id ?? '', 1);
    await until(() =>
      expect(bed().master.sessions.filter(({ state }) => state === 'online')).toHaveLength(2),
    );
    expect(new Set(bed().master.sessions.map(({ epoch }) => epoch))).toEqual(new Set(['epoch-1']));
    await until(() =>
      expect(
        bed()
          .master.reports.slice(before)
          .some(({ full }) => full),
      ).toBe(true),
    );
    await until(() =>
      expect(bed().master.pods.get('uid-1')?.status.containerStatuses?.[0]?.restartCount).toBe(1),
    );
  });

  it('is noticed when it is silent, and used again when it is whole', async () => {
    const cable = new Cable({ host: '127.0.0.1', port: bed().master.port });
    const port = await cable.open();
    bed().atEnd(() => cable.close());
    bed().startAgent({ port });
    await until(() => expect(bed().master.heartbeats.length).toBeGreaterThan(0));
    cable.cut();
    await until(() => expect(bed().master.sessions.at(-1)?.state).toBe('online'));
    const heard = bed().master.heartbeats.length;
    // The broker closes a silent connection after one and a half keep-alives, and says the will.
    await until(() =>
      expect(bed().master.sessions.at(-1)).toMatchObject({ state: 'offline', reason: 'will' }),
    );
    cable.join();
    await until(() => expect(bed().master.sessions.at(-1)?.state).toBe('online'));
    await until(() => expect(bed().master.heartbeats.length).toBeGreaterThan(heard));
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
    bed().atEnd(() => void mute.close());
    await once(mute.listen(0, '127.0.0.1'), 'listening');
    bed().startAgent({ port: portOf(mute) });
    await until(() => expect(tries).toBe(2));
  });
});

describe('with no master', () => {
  it('runs what it ran before, from the checkpoint', async () => {
    const stop = bed().startAgent();
    await bed().master.want({ generation: 3, pods: [{ document: aDocument() }] });
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
    await stop();
    await bed().master.stop();
    bed().runtime.restartEngine();
    bed().startAgent({ epoch: 'epoch-2' });
    await until(() =>
      expect(
        bed()
          .runningOf('uid-1')
          .map(({ labels }) => labels.attempt),
      ).toEqual([1]),
    );
  });

  it('falls back to the checkpoint before when the newest is torn, and says so', async () => {
    const stop = bed().startAgent();
    await bed().master.want({ generation: 3, pods: [{ document: aDocument() }] });
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
    await bed().master.want({ generation: 4, pods: [{ document: aDocument({ labels: { a: 'b' } }) }] });
    const path = joinPath(bed().dataDir, 'checkpoint.json');
    await until(async () => expect(await readFile(path, 'utf8')).toContain('"generation":4'));
    await stop();
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 200));
    bed().runtime.restartEngine();
    bed().startAgent({ epoch: 'epoch-2' });
    await until(() => expect(bed().runningOf('uid-1')).toHaveLength(1));
    await until(() =>
      expect(
        bed()
          .master.reports.flatMap(({ events }) => events ?? [])
          .map(({ reason }) => reason),
      ).toContain('CheckpointDamaged'),
    );
  });
});

describe('the engine away', () => {
  it('is a condition that says how to mend it, and ends with it', async () => {
    bed().runtime.setReachable(false);
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document: aDocument() }] });
    const ready = () =>
      bed()
        .master.reports.findLast(({ node }) => node)
        ?.node?.conditions.find(({ type }) => type === 'Ready');
    await until(() => expect(ready()).toMatchObject({ status: 'False', reason: 'ContainerRuntimeDown' }));
    expect(ready()?.message).toContain('docker.io');
    bed().runtime.setReachable(true);
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
    await until(() => expect(ready()?.status).toBe('True'));
  });
});

describe('what goes wrong with a container', () => {
  const waiting = () => bed().master.pods.get('uid-1')?.status.containerStatuses?.[0]?.state?.waiting;

  it('says what is missing and starts as soon as it is there', async () => {
    const envFrom = [{ configMapRef: { name: 'cm' } }];
    const document = aDocument({ spec: { containers: [aContainer({ envFrom })] } });
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document }] });
    await until(() =>
      expect(waiting()).toEqual({
        reason: 'CreateContainerConfigError',
        message: 'configmap "cm" not found',
      }),
    );
    const configMaps = { cm: { data: { A: '1' }, binaryData: {} } };
    await bed().master.want({ generation: 2, pods: [{ document: { ...document, configMaps } }] });
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
    expect(bed().runtime.specOf(bed().runningOf('uid-1')[0]?.id ?? '')?.env).toEqual([
      { name: 'A', value: '1' },
    ]);
  });

  it('waits for what a volume is made of, and says what that is', async () => {
    const container = aContainer({ volumeMounts: [{ name: 'v', mountPath: '/v' }] });
    const volumes = [{ name: 'v', configMap: { name: 'cm' } }];
    const document = aDocument({ spec: { containers: [container], volumes } });
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document }] });
    const message = 'MountVolume.SetUp failed for volume "v" : configmap "cm" not found';
    await until(() => expect(waiting()).toEqual({ reason: 'ContainerCreating', message }));
    await until(() =>
      expect(bed().master.reports.flatMap(({ events = [] }) => events)).toContainEqual(
        expect.objectContaining({ type: 'Warning', reason: 'FailedMount', message }),
      ),
    );
    const configMaps = { cm: { data: { A: '1' }, binaryData: {} } };
    await bed().master.want({ generation: 2, pods: [{ document: { ...document, configMaps } }] });
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
  });

  it('says why an image cannot be had', async () => {
    bed().startAgent();
    const document = aDocument({ spec: { containers: [aContainer({ image: 'none:1' })] } });
    await bed().master.want({ generation: 1, pods: [{ document }] });
    await until(() => expect(waiting()?.reason).toBe('ErrImagePull'));
    await until(() => expect(waiting()?.reason).toBe('ImagePullBackOff'));
    bed().runtime.addImage('none:1');
  });

  it('backs off from a container that crashes again and again', async () => {
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document: aDocument() }] });
    for (const attempt of [0, 1]) {
      await until(() => expect(bed().runningOf('uid-1')[0]?.labels.attempt).toBe(attempt));
      bed().runtime.exit(bed().runningOf('uid-1')[0]?.id ?? '', 1);
    }
    await until(() => expect(waiting()?.reason).toBe('CrashLoopBackOff'));
    expect(bed().master.pods.get('uid-1')?.status.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    });
  });

  it('says what the engine says of a failed start', async () => {
    bed().runtime.failNext('start', new RuntimeError('start', 'invalid', 'exec: "nope": not found'));
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document: aDocument() }] });
    await until(() => expect(waiting()).toMatchObject({ reason: 'RunContainerError' }));
    expect(waiting()?.message).toContain('exec: "nope": not found');
  });
});
