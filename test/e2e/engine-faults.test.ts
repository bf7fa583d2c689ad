/** A device whose engine dies, forgets, is tampered with, or is damaged on disk: its pods run again, once each, and it says what is wrong. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { removeDeviceMemory } from '../support/device-memory.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { type AgentProcess, spawnAgent } from './support/agent-process.ts';
import { type ClusterApi, conditionOf, openClusterApi } from './support/cluster-api.ts';
import { PrivateEngine } from './support/private-engine.ts';
import { until } from './support/until.ts';
import { aPod, onNode } from './support/workloads.ts';

const namespace = 'default';
const NODE = 'faulty';
const IMAGE = 'busybox:1.36';
const PODS = ['one', 'two', 'three'];

/** Where an image's or a container's own files are. */
function upperFolder(inspected: { readonly GraphDriver?: { readonly Data: object } } | undefined): string {
  const data: Readonly<Record<string, string>> = { ...inspected?.GraphDriver?.Data };
  if (data.UpperDir === undefined) throw new Error('the engine does not keep it with overlay2');
  return data.UpperDir;
}

describe.skipIf(process.getuid?.() !== 0)('a device of its own', () => {
  const healthy = new Docker({ socketPath: '/var/run/docker.sock' });
  const engine = new PrivateEngine();
  const disk = mkdtempSync(join(tmpdir(), 'pikelet-disk-'));
  let cluster: TestCluster;
  let api: ClusterApi;
  let agent: AgentProcess;

  beforeAll(async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    [cluster] = await Promise.all([startCluster({ nodes: 0 }), engine.start()]);
    await engine.load(IMAGE, healthy);
    api = openClusterApi(cluster.kubeconfig);
    const token = (await cluster.pikelet(['token', 'create'])).stdout.trim();
    agent = start('--token', token);
    await api.untilNode(NODE, 'True');
    for (const name of PODS)
      await api.core.createNamespacedPod({ namespace, body: aPod({ name, spec: onNode(NODE) }) });
    await untilAllRun();
  });
  afterAll(async () => {
    await agent?.kill();
    await removeDeviceMemory(join(disk, 'agent'));
    await engine.stop();
    await cluster?.stop();
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  showLogsOnFailure(() => cluster && { logs: () => `${cluster.logs()}\nthe agent\n${agent?.output()}` });

  function start(...flags: readonly string[]): AgentProcess {
    const places = ['--data-dir', join(disk, 'agent'), '--docker-socket', engine.socket];
    const who = ['--name', NODE, '--device-id', NODE, '--capacity-cpu', '500m', '--capacity-memory', '256Mi'];
    return spawnAgent('--master', cluster.broker, ...places, ...who, ...flags);
  }

  /** Each pod has one running container, its newest, which is the one that the API tells of. */
  function untilAllRun(): Promise<void> {
    return until(async () => {
      const running = await engine.docker.listContainers();
      for (const name of PODS) {
        const mine = running.filter(({ Labels }) => Labels['dev.pikelet.pod-name'] === name);
        const [status] = (await api.pod(name)).status?.containerStatuses ?? [];
        expect(status).toMatchObject({ ready: true, containerID: `docker://${mine[0]?.Id}` });
        expect(mine).toHaveLength(1);
      }
    });
  }

  const restarts = async (name: string) => (await api.pod(name)).status?.containerStatuses?.[0]?.restartCount;
  const containerOf = async (name: string) => {
    const label = [`dev.pikelet.pod-name=${name}`];
    const [found] = await engine.docker.listContainers({ filters: { label } });
    return engine.docker.getContainer(found?.Id ?? 'none runs');
  };

  /** Of the image's one layer, as Docker's overlay2 keeps it. */
  async function layerFolder(): Promise<string> {
    return dirname(upperFolder(await engine.docker.getImage(IMAGE).inspect()));
  }

  it('whose engine is killed says so, and runs all again with the next one', async () => {
    await engine.kill();
    await until(async () =>
      expect(conditionOf(await api.node(NODE), 'Ready')).toMatchObject({ reason: 'ContainerRuntimeDown' }),
    );
    await engine.start();
    await api.untilNode(NODE, 'True');
    await untilAllRun();
    expect(await Promise.all(PODS.map(restarts))).toEqual([1, 1, 1]);
  });

  it('whose containers somebody stops, kills and removes starts them again', async () => {
    await (await containerOf('one')).stop();
    await (await containerOf('two')).kill();
    await (await containerOf('three')).remove({ force: true });
    await untilAllRun();
  });

  it('that loses power, and its containers with it, runs all again with no master', async () => {
    await cluster.killMaster();
    await agent.kill();
    await engine.powerOff();
    for (const id of readdirSync(join(engine.dataRoot, 'containers')))
      rmSync(join(engine.dataRoot, 'containers', id), { recursive: true });
    await engine.start();
    expect(await engine.docker.listContainers({ all: true })).toEqual([]);
    agent = start();
    await until(async () => expect(await engine.docker.listContainers()).toHaveLength(PODS.length));
    await cluster.startMaster();
    await api.untilNode(NODE, 'True');
    await untilAllRun();
  });

  it('whose disk is full runs what it is told, says that it cannot keep it, and keeps it once it can', async () => {
    const filler = join(disk, 'filler');
    execFileSync('sh', ['-c', `dd if=/dev/zero of=${filler} 2>/dev/null || true`]);
    await api.core.createNamespacedPod({ namespace, body: aPod({ name: 'late', spec: onNode(NODE) }) });
    await api.untilReady('late', 1);
    const failing = async () => conditionOf(await api.node(NODE), 'CheckpointFailing');
    await until(async () => expect(await failing()).toMatchObject({ status: 'True', reason: 'CannotWrite' }));
    expect((await failing())?.message).toContain('no space left');
    rmSync(filler);
    await until(async () => expect((await failing())?.status).toBe('False'));

    await cluster.killMaster();
    await agent.kill();
    await (await containerOf('late')).remove({ force: true });
    agent = start();
    await until(async () => expect((await (await containerOf('late')).inspect()).State.Running).toBe(true));
    await cluster.startMaster();
    await api.untilNode(NODE, 'True');
    await api.core.deleteNamespacedPod({ name: 'late', namespace });
    await until(async () => expect(await api.pods('late')).toEqual([]));
  });

  it('whose image is damaged on its disk says how to mend that, and runs all once it is mended', async () => {
    await agent.kill();
    const folder = await layerFolder();
    await (await containerOf('one')).remove({ force: true });
    renameSync(folder, `${folder}-lost`);
    agent = start();
    await until(async () => {
      const [status] = (await api.pod('one')).status?.containerStatuses ?? [];
      expect(status?.ready).toBe(false);
      expect(status?.state?.waiting?.message ?? '').toContain('storage is damaged');
    });
    renameSync(`${folder}-lost`, folder);
    await untilAllRun();
  });

  it('whose container lost its files makes another, and lets the others run', async () => {
    await agent.kill();
    const [broken, ...others] = await Promise.all(PODS.map(containerOf));
    await broken?.kill();
    rmSync(dirname(upperFolder(await broken?.inspect())), { recursive: true });
    agent = start();
    await untilAllRun();
    const after = await Promise.all(PODS.slice(1).map(containerOf));
    expect(after.map(({ id }) => id)).toEqual(others.map(({ id }) => id));
  });
});
