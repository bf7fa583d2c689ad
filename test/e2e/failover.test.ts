/** Devices that fall silent or die: their work moves, and nothing runs twice or is left behind when they return. */
import type { V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster, type TestDevice } from '../support/cluster.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { startCensus, untilSettled } from './support/census.ts';
import { type ClusterApi, nameOf, openClusterApi, uidOf } from './support/cluster-api.ts';
import { until } from './support/until.ts';
import { aDaemonSet, aDeployment, aPod, onNode } from './support/workloads.ts';

const NODES = ['pi-1', 'pi-2', 'pi-3'];
const VICTIM = 'pi-2';
const WEB_PODS = 6;
const namespace = 'default';

let cluster: TestCluster;
let api: ClusterApi;
let victim: TestDevice;
beforeAll(async () => {
  cluster = await startCluster({ nodes: NODES.length });
  api = openClusterApi(cluster.kubeconfig);
  victim = cluster.device(VICTIM);
  await api.apps.createNamespacedDaemonSet({ namespace, body: aDaemonSet({ name: 'everywhere' }) });
  await api.apps.createNamespacedDeployment({
    namespace,
    body: aDeployment({ name: 'web', replicas: WEB_PODS }),
  });
  const waits = ['unreachable', 'not-ready'].map(what => ({
    key: `node.kubernetes.io/${what}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  }));
  await api.core.createNamespacedPod({
    namespace,
    body: aPod({ name: 'patient', spec: { ...onNode(VICTIM), tolerations: waits } }),
  });
  await api.untilReady('everywhere', NODES.length);
  await api.untilReady('web', WEB_PODS);
  await untilSettled(cluster, api);
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

/** Pods that are not on their way out. */
const staying = (pods: readonly V1Pod[]) => pods.filter(pod => !pod.metadata?.deletionTimestamp);
const on = (node: string, pods: readonly V1Pod[]) => pods.filter(pod => pod.spec?.nodeName === node);
const runningOn = async (node: string) => {
  const running = (await cluster.containers(node)).filter(({ state }) => state === 'running');
  return new Map(running.map(({ podUid, id }) => [podUid, id]));
};

const ways = [
  {
    way: 'a silent cut',
    unplug: (device: TestDevice) => device.cut(),
    plugIn: (device: TestDevice) => device.join(),
  },
  {
    way: 'a SIGKILL of its agent',
    unplug: (device: TestDevice) => device.kill(),
    plugIn: (device: TestDevice) => device.start(),
  },
  {
    way: 'a power cut',
    unplug: (device: TestDevice) => device.powerOff(),
    plugIn: (device: TestDevice) => device.start(),
  },
];

describe.each(ways)('a device lost by $way', ({ way, unplug, plugIn }) => {
  beforeEach(async () => {
    // A device that came back last is empty: what runs is spread anew, so that there is something to move.
    await api.apps.deleteNamespacedDeployment({ name: 'web', namespace });
    await until(async () => expect(await api.pods('web')).toEqual([]));
    await api.apps.createNamespacedDeployment({
      namespace,
      body: aDeployment({ name: 'web', replicas: WEB_PODS }),
    });
    await api.untilReady('web', WEB_PODS);
    await untilSettled(cluster, api);
  });

  it('moves what may move, and comes back clean', async () => {
    const census = startCensus(cluster);
    const before = await api.pods();
    const moving = on(VICTIM, await api.pods('web')).map(uidOf);
    expect(moving.length).toBeGreaterThan(0);
    const keeping = on(VICTIM, before).filter(pod => !moving.includes(uidOf(pod)));
    expect(keeping.map(pod => pod.metadata?.labels?.app).sort()).toEqual(['everywhere', 'patient']);
    const containersBefore = await runningOn(VICTIM);

    await unplug(victim);
    await api.untilNode(VICTIM, 'Unknown');
    await until(async () => {
      const web = staying(await api.pods('web'));
      expect(web.filter(pod => pod.status?.phase === 'Running')).toHaveLength(WEB_PODS);
      expect(on(VICTIM, web)).toEqual([]);
      const containers = (await cluster.containers()).filter(({ state }) => state === 'running');
      for (const pod of web) expect(containers.map(({ podUid }) => podUid)).toContain(uidOf(pod));
    });
    expect((await api.node(VICTIM)).spec?.taints?.map(({ key, effect }) => `${key}:${effect}`)).toContain(
      'node.kubernetes.io/unreachable:NoExecute',
    );
    const waiting = staying(on(VICTIM, await api.pods()));
    expect(waiting.map(uidOf).sort()).toEqual(keeping.map(uidOf).sort());

    await plugIn(victim);
    await api.untilNode(VICTIM, 'True');
    await untilSettled(cluster, api);
    const after = await api.pods();
    const stayed = before.filter(pod => !moving.includes(uidOf(pod))).map(uidOf);
    expect(after.map(uidOf)).toEqual(expect.arrayContaining(stayed));
    expect(after.map(uidOf)).not.toEqual(expect.arrayContaining(moving.slice(0, 1)));
    if (way !== 'a power cut') {
      const containersAfter = await runningOn(VICTIM);
      for (const pod of keeping)
        expect(containersAfter.get(uidOf(pod))).toBe(containersBefore.get(uidOf(pod)));
    }
    expect((await api.node(VICTIM)).spec?.taints ?? []).toEqual([]);
    await census.end();
    expect(census.most('web')).toBeLessThanOrEqual(WEB_PODS + moving.length);
  });
});

it('pikelet drill unplug passes', async () => {
  const census = startCensus(cluster);
  const device = on('pi-1', await api.pods('web')).length > 0 ? 'pi-1' : 'pi-3';
  const drill = await cluster.pikelet(['drill', 'unplug', device, '-o', 'json']);
  expect(drill).toMatchObject({ code: 0 });
  expect(JSON.parse(drill.stdout)).toMatchObject({ node: device, duplicates: [] });
  await untilSettled(cluster, api);
  await census.end();
});

it('evicts nobody when every device is cut at once', async () => {
  const census = startCensus(cluster);
  const before = await api.pods();
  const containers = await cluster.containers();
  await Promise.all(NODES.map(node => cluster.device(node).cut()));
  for (const node of NODES) await api.untilNode(node, 'Unknown');
  // A Deployment made now is acted on after every node was seen lost, and its pods find no place: the control loops are past the loss.
  await api.apps.createNamespacedDeployment({ namespace, body: aDeployment({ name: 'late' }) });
  await until(async () => {
    const [pod] = await api.pods('late');
    expect(pod?.status?.conditions?.map(({ reason }) => reason)).toContain('Unschedulable');
  });
  const during = (await api.pods()).filter(pod => pod.metadata?.labels?.app !== 'late');
  expect(staying(during).map(uidOf).sort()).toEqual(before.map(uidOf).sort());

  await Promise.all(NODES.map(node => cluster.device(node).join()));
  for (const node of NODES) await api.untilNode(node, 'True');
  await api.untilReady('late', 1);
  await api.apps.deleteNamespacedDeployment({ name: 'late', namespace });
  await until(async () => expect(await api.pods('late')).toEqual([]));
  await untilSettled(cluster, api);
  const after = (await api.pods()).map(uidOf).sort();
  expect(after).toEqual(before.map(uidOf).sort());
  expect((await cluster.containers()).map(({ id }) => id).sort()).toEqual(
    containers.map(({ id }) => id).sort(),
  );
  await census.end();
  expect(census.most('web')).toBe(WEB_PODS);
});

it('a node that is deleted for good leaves no pod behind', async () => {
  await victim.kill();
  await api.untilNode(VICTIM, 'Unknown');
  await api.core.deleteNode({ name: VICTIM });
  await until(async () => expect(on(VICTIM, await api.pods()).map(nameOf)).toEqual([]));
  await api.untilReady('web', WEB_PODS);
});
