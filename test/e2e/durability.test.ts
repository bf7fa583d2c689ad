/** What a master that dies and devices that reboot must not lose. */
import type { V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { startCensus, untilSettled } from './support/census.ts';
import { type ClusterApi, nameOf, openClusterApi, uidOf } from './support/cluster-api.ts';
import { until } from './support/until.ts';
import { aDeployment, aPod, onNode } from './support/workloads.ts';

const namespace = 'default';
const MASTER_DEATHS = 4;
const WRITES_BETWEEN_DEATHS = 25;

let cluster: TestCluster;
let api: ClusterApi;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
  api = openClusterApi(cluster.kubeconfig);
  await api.apps.createNamespacedDeployment({
    namespace,
    body: aDeployment({ name: 'bystander', replicas: 2 }),
  });
  await api.untilReady('bystander', 2);
  await untilSettled(cluster, api);
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

const idsOf = async (app: string): Promise<readonly string[]> => {
  const uids = (await api.pods(app)).map(uidOf);
  const running = (await cluster.containers()).filter(({ state }) => state === 'running');
  return running
    .filter(({ podUid }) => uids.includes(podUid))
    .map(({ id }) => id)
    .sort();
};

/** Creates and changes ConfigMaps without a pause; answers what was acknowledged. */
function startWriter() {
  const acknowledged = new Map<string, string>();
  const stop = new AbortController();
  const written = write();

  async function write(): Promise<void> {
    for (let number = 0; !stop.signal.aborted; number++) {
      const metadata = { name: `write-${number}` };
      // A write without an answer may have happened or not: it is not counted.
      const made = await api.core
        .createNamespacedConfigMap({ namespace, body: { metadata, data: { value: 'first' } } })
        .catch(() => undefined);
      if (made === undefined) continue;
      acknowledged.set(metadata.name, 'first');
      const changed = await api.core
        .replaceNamespacedConfigMap({
          name: metadata.name,
          namespace,
          body: { ...made, data: { value: 'second' } },
        })
        .catch(() => undefined);
      if (changed !== undefined) acknowledged.set(metadata.name, 'second');
      else acknowledged.set(metadata.name, 'first or second');
    }
  }

  return {
    count: () => acknowledged.size,
    async stop(): Promise<ReadonlyMap<string, string>> {
      stop.abort();
      await written;
      return acknowledged;
    },
  };
}

it('a master that is killed again and again loses no acknowledged write, and a rollout goes on by itself', async () => {
  const bystanders = await idsOf('bystander');
  expect(bystanders).toHaveLength(2);
  await api.apps.createNamespacedDeployment({
    namespace,
    body: aDeployment({ name: 'rolling', replicas: 3 }),
  });
  const before = (await api.untilReady('rolling', 3)).map(uidOf);
  const census = startCensus(cluster);
  const writer = startWriter();
  await api.apps.patchNamespacedDeployment({
    name: 'rolling',
    namespace,
    body: [{ op: 'add', path: '/spec/template/metadata/annotations', value: { round: 'two' } }],
  });

  for (let death = 0; death < MASTER_DEATHS; death++) {
    const count = writer.count();
    await until(() => expect(writer.count()).toBeGreaterThan(count + WRITES_BETWEEN_DEATHS));
    await cluster.killMaster();
    expect(await idsOf('bystander').catch(() => 'no API')).toBe('no API');
    const running = (await cluster.containers()).filter(({ state }) => state === 'running');
    expect(running.map(({ id }) => id)).toEqual(expect.arrayContaining([...bystanders]));
    await cluster.startMaster();
  }

  const acknowledged = await writer.stop();
  const kept = await api.core.listNamespacedConfigMap({ namespace });
  const values = new Map(kept.items.map(item => [nameOf(item), item.data?.value ?? '']));
  const lost = [...acknowledged].filter(([name, value]) => !value.includes(values.get(name) ?? 'nothing'));
  expect(lost).toEqual([]);

  const after = await api.untilReady('rolling', 3);
  expect(after.map(uidOf).filter(uid => before.includes(uid))).toEqual([]);
  await untilSettled(cluster, api);
  expect(await idsOf('bystander')).toEqual(bystanders);
  await census.end();
});

it('a device that reboots while the master is away runs its pods again, and the master then says so', async () => {
  const census = startCensus(cluster);
  await api.core.createNamespacedPod({ namespace, body: aPod({ name: 'stays', spec: onNode('pi-1') }) });
  await api.core.createNamespacedPod({ namespace, body: aPod({ name: 'wiped', spec: onNode('pi-1') }) });
  await untilSettled(cluster, api);
  const before = await api.pods();
  const mine = before.filter(pod => pod.spec?.nodeName === 'pi-1');
  const elsewhere = (await cluster.containers('pi-2')).map(({ id }) => id).sort();

  await cluster.killMaster();
  const device = cluster.device(1);
  await device.powerOff();
  const [wiped] = (await cluster.containers('pi-1')).filter(({ pod }) => pod === 'wiped');
  await cluster.docker.getContainer(wiped?.id ?? '').remove({ force: true });
  await device.start();
  await until(async () => {
    const running = (await cluster.containers('pi-1')).filter(({ state }) => state === 'running');
    expect(running.map(({ podUid }) => podUid).sort()).toEqual(mine.map(uidOf).sort());
  });
  const running = (await cluster.containers('pi-1')).filter(({ state }) => state === 'running');
  const back = new Map(running.map(({ podUid, id }) => [podUid, id]));

  await cluster.startMaster();
  await until(async () => {
    for (const pod of await api.pods()) expect(statusesOf(pod).map(({ ready }) => ready)).toEqual([true]);
    const restarted = (await api.pods()).filter(pod => pod.spec?.nodeName === 'pi-1');
    for (const pod of restarted) {
      const containerID = `docker://${back.get(uidOf(pod))}`;
      // The count is read off the containers: of one that was wiped out, nothing is left to count from.
      const restartCount = nameOf(pod) === 'wiped' ? 0 : 1;
      expect(statusesOf(pod)).toMatchObject([{ containerID, restartCount }]);
    }
  });
  await untilSettled(cluster, api);
  expect((await api.pods()).map(uidOf).sort()).toEqual(before.map(uidOf).sort());
  expect((await cluster.containers('pi-2')).map(({ id }) => id).sort()).toEqual(elsewhere);
  await census.end();
});

it('restart counts are true across a crash loop, a killed agent and a killed master', async () => {
  // An emptyDir outlives the container: each start adds a line, and says which start it is.
  const volume = { name: 'starts', mountPath: '/starts' };
  const body = aPod({
    name: 'crashing',
    script: 'echo x >> /starts/all; echo "start $(wc -l < /starts/all)"; exit 3',
    container: { volumeMounts: [volume] },
    spec: {
      ...onNode('pi-2'),
      // Its node is going to be lost for a moment.
      tolerations: [{ operator: 'Exists', effect: 'NoExecute' }],
      volumes: [{ name: volume.name, emptyDir: {} }],
    },
  });
  await api.core.createNamespacedPod({ namespace, body });
  const starts = () => api.core.readNamespacedPodLog({ name: 'crashing', namespace });
  /** A busy machine may see a later crash than the one it waits for; each must be counted. */
  const crashed = (atLeast: number) =>
    until(async () => {
      const [status] = statusesOf(await api.pod('crashing'));
      expect(status).toMatchObject({
        ready: false,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 3 } },
      });
      expect(status?.restartCount).toBeGreaterThanOrEqual(atLeast);
      expect(await starts()).toBe(`start ${Number(status?.restartCount) + 1}\n`);
    });

  // The first restart is at once; the second would be 10 s later, but an agent that starts anew tries at once, too.
  await crashed(1);
  await cluster.device(2).kill();
  await cluster.killMaster();
  await cluster.startMaster();
  await cluster.device(2).start();
  await api.untilNode('pi-2', 'True');
  await crashed(2);
  await api.core.deleteNamespacedPod({ name: 'crashing', namespace });
  await until(async () => expect((await api.pods('crashing')).length).toBe(0));
  await untilSettled(cluster, api);
});

const statusesOf = (pod: V1Pod) => pod.status?.containerStatuses ?? [];
