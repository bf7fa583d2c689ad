/** Garbage, wrong credentials, cloned cards, a full disk, a missing engine: each is said, and the cluster goes on. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IClientOptions } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { loadCredentials } from '../../node-agent/link/credentials.ts';
import { topics } from '../../shared/protocol/topics.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { startAgent } from './support/agent-process.ts';
import { startCensus, untilSettled } from './support/census.ts';
import { type ClusterApi, conditionOf, nameOf, openClusterApi } from './support/cluster-api.ts';
import { junk, openTcp, openTls, sayAndBeClosed } from './support/strangers.ts';
import { until } from './support/until.ts';
import { aDeployment, aPod, onNode } from './support/workloads.ts';

const namespace = 'default';
const ENGINE = '/var/run/docker.sock';

let cluster: TestCluster;
let api: ClusterApi;
let ports: { readonly api: number; readonly mqtt: number };
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
  api = openClusterApi(cluster.kubeconfig);
  ports = { api: Number(new URL(cluster.server).port), mqtt: Number(new URL(cluster.broker).port) };
  await api.apps.createNamespacedDeployment({ namespace, body: aDeployment({ name: 'web', replicas: 2 }) });
  await api.untilReady('web', 2);
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

const masterStarts = () =>
  readFileSync(cluster.layout.log('master'), 'utf8').split('"the master is ready"').length - 1;

/** A pod comes and goes, the others stay, and the master is the process that it was. */
async function expectWorks(): Promise<void> {
  await api.core.createNamespacedPod({ namespace, body: aPod({ name: 'probe' }) });
  await api.untilReady('probe', 1);
  await api.core.deleteNamespacedPod({ name: 'probe', namespace });
  await until(async () => expect(await api.pods('probe')).toEqual([]));
  await api.untilReady('web', 2);
  await untilSettled(cluster, api);
  expect(masterStarts()).toBe(1);
}

describe('strangers', () => {
  it('at the API: junk, broken HTTP, and silence', async () => {
    const silent = await Promise.all(Array.from({ length: 50 }, () => openTcp(ports.api)));
    const halfSaid = await openTls(ports.api);
    halfSaid.write('GET /api HTTP/1.1\r\nHost: x\r\nX-Half: ');
    for (const bytes of junk()) {
      await sayAndBeClosed(await openTcp(ports.api), bytes);
      await sayAndBeClosed(await openTls(ports.api), bytes);
      await sayAndBeClosed(await openTls(ports.api, 'h2'), bytes);
    }
    const endless = `GET /api HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(4_000_000)}\r\n\r\n`;
    await sayAndBeClosed(await openTls(ports.api), endless);
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    await sayAndBeClosed(await openTls(ports.api, 'h2'), preface + 'x'.repeat(100_000));
    await sayAndBeClosed(
      await openTls(ports.api),
      'POST /api/v1/nodes HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n{',
    );
    await expectWorks();
    expect(silent.every(socket => !socket.destroyed)).toBe(true);
  });

  it('at the broker: junk, broken MQTT, and silence', async () => {
    const silent = await Promise.all(Array.from({ length: 50 }, () => openTcp(ports.mqtt)));
    const packets = [
      Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]),
      Buffer.from([0x30, 5, 0, 1, 0x61, 0x62, 0x63]),
      Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 200]),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    ];
    for (const bytes of [...junk(), ...packets]) await sayAndBeClosed(await openTcp(ports.mqtt), bytes);
    await expectWorks();
    for (const socket of silent) socket.destroy();
  });
});

describe('credentials', () => {
  const ask = (headers: Record<string, string>, path = '/api/v1/nodes') =>
    new Promise<number>((resolve, reject) => {
      request(`${cluster.server}${path}`, { headers, rejectUnauthorized: false, agent: false }, response => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .once('error', reject)
        .end();
    });

  it('none, or wrong ones, are of no use at the API', async () => {
    for (const path of ['/api', '/api/v1/nodes', '/apis/apps/v1/deployments', '/openapi/v3', '/nowhere']) {
      expect([path, await ask({}, path)]).toEqual([path, 401]);
    }
    expect(await ask({ authorization: 'Bearer not-a-token' })).toBe(401);
    expect(await ask({ authorization: 'Basic YWRtaW46YWRtaW4=' })).toBe(401);
    expect(await ask({ 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' })).toBe(401);
  });

  it("the dashboard's token may look, but neither at secrets nor change anything", async () => {
    const token = readFileSync(cluster.layout.dashboardToken, 'utf8').trim();
    const authorization = `Bearer ${token}`;
    expect(await ask({ authorization })).toBe(200);
    expect(await ask({ authorization }, '/api/v1/secrets')).toBe(403);
    const refused = await cluster.pikelet(['--token', token, 'delete', 'deployment', 'web']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Forbidden') });
  });

  const connect = (options: IClientOptions) =>
    mqtt.connectAsync(cluster.broker, { reconnectPeriod: 0, protocolVersion: 4, ...options });

  it('of a device are refused when wrong, and reach no further than its own topics', async () => {
    await expect(connect({})).rejects.toThrow(/Not authorized/);
    await expect(connect({ username: 'node:pi-1', password: 'wrong' })).rejects.toThrow(/Not authorized/);
    await expect(connect({ username: 'join', password: 'abcdef.0123456789abcdef' })).rejects.toThrow();

    const mine = await loadCredentials(cluster.layout.device('pi-1'));
    const username = `node:${mine?.node}`;
    await expect(connect({ username: 'node:pi-2', password: mine?.password })).rejects.toThrow(
      /Not authorized/,
    );
    const before = (await api.node('pi-2')).metadata?.resourceVersion;
    const spy = await connect({ username, password: mine?.password });
    onTestFinished(() => void spy.end(true));
    const heard: string[] = [];
    spy.on('message', topic => heard.push(topic));
    for (const filter of ['#', '+/+/#', topics.desired('pi-2'), topics.documents('pi-2'), '$SYS/#']) {
      const granted = await spy.subscribeAsync(filter, { qos: 1 }).catch(() => []);
      expect([filter, granted.filter(({ qos }) => qos < 128)]).toEqual([filter, []]);
    }
    const closed = new Promise<void>(resolve => spy.once('close', () => resolve()));
    spy.publish(topics.session('pi-2'), '{"epoch":"forged","state":"offline","capability":1}', { qos: 1 });
    await closed;
    await expectWorks();
    expect(heard).toEqual([]);
    const { status } = await api.node('pi-2');
    expect(conditionOf({ status }, 'Ready')?.status).toBe('True');
    expect((await api.node('pi-2')).metadata?.resourceVersion).toBe(before);
  });
});

it('two devices with one identity: the node says so, and its pods run once', async () => {
  const census = startCensus(cluster);
  const before = (await cluster.containers()).map(({ id }) => id).sort();
  const folder = mkdtempSync(join(tmpdir(), 'pikelet-clone-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(cluster.layout.device('pi-1'), folder, { recursive: true });
  const clone = startAgent('--master', cluster.broker, '--data-dir', folder, '--docker-socket', ENGINE);
  await until(async () => {
    const conflict = conditionOf(await api.node('pi-1'), 'IdentityConflict');
    expect(conflict?.status).toBe('True');
    expect(conflict?.message).toContain('pikelet flash');
  });
  expect(conditionOf(await api.node('pi-1'), 'Ready')?.status).toBe('True');
  await expectWorks();
  expect((await cluster.containers()).map(({ id }) => id).sort()).toEqual(before);
  await clone.kill();
  await until(async () =>
    expect(conditionOf(await api.node('pi-1'), 'IdentityConflict')?.status).toBe('False'),
  );
  await expectWorks();
  await census.end();
});

it('a device without an engine says how to mend that, and runs pods as soon as there is one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pikelet-late-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'docker.sock');
  const token = (await cluster.pikelet(['token', 'create'])).stdout.trim();
  const agent = startAgent(
    ...['--master', cluster.broker, '--data-dir', join(folder, 'data'), '--docker-socket', socket],
    ...['--name', 'late', '--device-id', 'late', '--token', token],
    ...['--capacity-cpu', '100m', '--capacity-memory', '256Mi'],
  );
  const node = await until(async () => {
    const found = await api.node('late');
    expect(conditionOf(found, 'Ready')?.status).toBe('False');
    return found;
  });
  expect(conditionOf(node, 'Ready')).toMatchObject({
    reason: 'ContainerRuntimeDown',
    message: expect.stringMatching(/docker\.sock.*apt-get install docker\.io/s),
  });
  await api.core.createNamespacedPod({ namespace, body: aPod({ name: 'early', spec: onNode('late') }) });
  await until(async () => expect(conditionOf(await api.pod('early'), 'PodScheduled')?.status).toBe('False'));
  expect(agent.isRunning()).toBe(true);

  symlinkSync(ENGINE, socket);
  await api.untilNode('late', 'True');
  await api.untilReady('early', 1);
  await api.core.deleteNamespacedPod({ name: 'early', namespace });
  await until(async () => expect(await api.pods('early')).toEqual([]));
  await agent.kill();
  await api.core.deleteNode({ name: 'late' });
  await untilSettled(cluster, api);
});

describe.skipIf(process.getuid?.() !== 0)('a full disk', () => {
  let folder: string;
  let small: TestCluster | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pikelet-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]);
    small = await startCluster({ nodes: 0, dataDir: join(folder, 'cluster') });
  });
  afterAll(async () => {
    await small?.stop();
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  showLogsOnFailure(() => small);

  it('refuses writes in words, keeps what it said it keeps, and takes writes again when there is space', async () => {
    if (small === undefined) throw new Error('the cluster never came up');
    const { core } = openClusterApi(small.kubeconfig);
    const write = (name: string, kilobytes: number) =>
      core.createNamespacedConfigMap({
        namespace,
        body: { metadata: { name }, data: { filler: 'x'.repeat(kilobytes * 1000) } },
      });
    const accepted: string[] = [];
    const refusal = await until(async () => {
      // What the database has set aside already takes some more.
      const name = `filler-${accepted.length}`;
      const [outcome] = await Promise.allSettled([write(name, 500)]);
      if (outcome.status === 'rejected') return outcome.reason;
      accepted.push(name);
      throw new Error(`${accepted.length} writes and no end`);
    });
    expect(refusal).toMatchObject({ code: 503 });
    expect(String(refusal)).toMatch(/the store refuses writes, nothing was changed: .*(full|space)/);
    const said = await small.pikelet(['create', '-f', '-'], {
      input: JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'late' },
        data: { filler: 'x'.repeat(500_000) },
      }),
    });
    expect(said.code).toBe(1);
    expect(said.stderr).toContain('the store refuses writes');
    const kept = (await core.listNamespacedConfigMap({ namespace })).items.map(nameOf);
    expect(kept).toEqual(expect.arrayContaining(accepted));

    execFileSync('mount', ['-o', 'remount,size=64m', folder]);
    await until(() => write('after', 500));
    expect((await core.listNamespacedConfigMap({ namespace })).items.map(nameOf)).toEqual(
      expect.arrayContaining([...accepted, 'after']),
    );
  });
});

it('a master with half-open connections ends in good order', async () => {
  for (let count = 0; count < 8; count++) {
    await openTcp(ports.api);
    await openTcp(ports.mqtt);
    await openTls(ports.api);
    await openTls(ports.api, 'h2');
  }
  expect(await cluster.interrupt()).toBe(0);
  expect(readFileSync(cluster.layout.log('master'), 'utf8')).toContain('the master has stopped');
});
