/** What is plugged into a virtual device goes to the pods that ask for it, one by one, and the node says at once what it has. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { type ClusterApi, conditionOf, openClusterApi } from './support/cluster-api.ts';
import { until } from './support/until.ts';
import { aPod } from './support/workloads.ts';

const namespace = 'default';
const RESOURCE = 'pikelet.dev/gpiochip';
const LABEL = 'devices.pikelet.dev/gpiochip';
const SAMPLE = 'deploy/samples/devices/gpio.yaml';

describe.skipIf(process.getuid?.() !== 0)('a device with things plugged in', () => {
  let cluster: TestCluster;
  let api: ClusterApi;

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 1 });
    api = openClusterApi(cluster.kubeconfig);
  });
  afterAll(async () => {
    await cluster?.stop();
  });
  showLogsOnFailure(() => cluster);

  const pathOf = (name: string) => join(cluster.layout.device('pi-1'), 'attached/dev', name);
  /** As /dev/zero, which a pod can read something of. */
  const plugIn = (name: string) => execFileSync('mknod', ['-m', '666', pathOf(name), 'c', '1', '5']);

  const untilOffered = (amount: string | undefined) =>
    until(async () => {
      const { status, metadata } = await api.node('pi-1');
      expect([status?.capacity?.[RESOURCE], status?.allocatable?.[RESOURCE]]).toEqual([amount, amount]);
      expect(metadata?.labels?.[LABEL]).toBe(amount && 'true');
    });
  const untilInsufficient = (name: string) =>
    until(async () => {
      const pod = await api.pod(name);
      const { reason, message } = conditionOf(pod, 'PodScheduled') ?? {};
      expect([pod.status?.phase, reason]).toEqual(['Pending', 'Unschedulable']);
      expect(message).toContain(`1 Insufficient ${RESOURCE}`);
    });
  const aHolder = (name: string) => {
    const pod = aPod({
      name,
      script: 'head -c 3 /dev/gpiochip* | wc -c; ls /dev/gpiochip*; exec sleep 1000000',
    });
    for (const container of pod.spec?.containers ?? [])
      container.resources = { limits: { [RESOURCE]: '1', memory: '16Mi' }, requests: { cpu: '5m' } };
    return pod;
  };
  const create = (name: string) => api.core.createNamespacedPod({ namespace, body: aHolder(name) });
  const logsOf = (name: string) => api.core.readNamespacedPodLog({ namespace, name });
  const containerOf = async (name: string) =>
    (await cluster.containers()).filter(({ pod, container }) => pod === name && container === 'main')[0]?.id;

  it('keeps the sample waiting until there is one, and then gives it that one', async () => {
    expect(await cluster.pikelet(['apply', '-f', SAMPLE])).toMatchObject({ code: 0, stderr: '' });
    await untilInsufficient('gpio');
    plugIn('gpiochip0');
    await untilOffered('1');
    await api.untilReady('gpio', 1);
    expect(await cluster.pikelet(['delete', '-f', SAMPLE])).toMatchObject({ code: 0 });
    await until(async () => expect(await api.pods('gpio')).toEqual([]));
  });

  it('gives each pod its own, which it reads, and lets the next wait for another', async () => {
    await create('first');
    await api.untilReady('first', 1);
    await until(async () => expect(await logsOf('first')).toBe('3\n/dev/gpiochip0\n'));
    await create('second');
    await untilInsufficient('second');
    plugIn('gpiochip1');
    await api.untilReady('second', 1);
    await until(async () => expect(await logsOf('second')).toBe('3\n/dev/gpiochip1\n'));
  });

  it('knows after its own restart who holds what', async () => {
    const before = await Promise.all(['first', 'second'].map(containerOf));
    await cluster.device(1).kill();
    await cluster.device(1).start();
    await api.untilNode('pi-1', 'True');
    await create('third');
    await untilInsufficient('third');
    await cluster.docker.getContainer(before[1] ?? '').kill();
    await until(async () =>
      expect((await api.pod('second')).status?.containerStatuses?.[0]).toMatchObject({
        ready: true,
        restartCount: 1,
      }),
    );
    await until(async () => expect(await logsOf('second')).toBe('3\n/dev/gpiochip1\n'));
    expect(await containerOf('first')).toBe(before[0]);
  });

  it('refuses a pod that is bound to it all the same', async () => {
    const pod = aHolder('forced');
    if (pod.spec) pod.spec.nodeName = 'pi-1';
    await api.core.createNamespacedPod({ namespace, body: pod });
    await until(async () =>
      expect((await api.pod('forced')).status).toMatchObject({
        phase: 'Failed',
        reason: 'UnexpectedAdmissionError',
        message: `Pod was rejected: Allocate failed due to requested number of devices unavailable for ${RESOURCE}. Requested: 1, Available: 0, which is unexpected`,
      }),
    );
  });

  it('offers no longer what was unplugged, and lets its holder go on', async () => {
    const before = await containerOf('first');
    rmSync(pathOf('gpiochip0'));
    await untilOffered('1');
    rmSync(pathOf('gpiochip1'));
    await untilOffered(undefined);
    expect(await containerOf('first')).toBe(before);
    expect((await api.pod('first')).status?.phase).toBe('Running');
  });
});
