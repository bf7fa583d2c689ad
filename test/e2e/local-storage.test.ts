/** Claims as people use them: data that outlives pods, crashes and unplugged devices, and goes with its claim and not before. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { until } from './support/until.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

/** Its standard output; fails when it exits with anything but 0. */
async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args);
  expect([args, code, stderr]).toEqual([args, 0, expect.any(String)]);
  return stdout;
}

const field = (path: string, ...of: string[]) => ok('get', ...of, '-o', `jsonpath={${path}}`);

/** Names of the volumes on all devices. */
async function foldersOnDisk(): Promise<string[]> {
  const { dataDir } = cluster.layout;
  const found = await readdir(dataDir, { recursive: true, withFileTypes: true });
  return found
    .filter(entry => entry.isDirectory() && entry.name.startsWith('pvc-'))
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}

describe.skipIf(kubectlPath === undefined)('the sample local-storage', () => {
  it('keeps its data over pods, reboots and an unplugged node, and loses it with its claim', async () => {
    expect(await ok('get', 'storageclass')).toMatch(/local-path \(default\) +pikelet.dev\/local-path/);
    await ok('apply', '-f', 'deploy/samples/local-storage.yaml');
    await ok('rollout', 'status', 'statefulset/ledger', '--timeout=90s');
    /** How often the volume has seen a start, once it has seen one more. */
    const startAfter = (before: number) =>
      until(async () => {
        const starts = Number(/^start number (\d+)\n$/.exec(await ok('logs', 'ledger-0'))?.[1]);
        expect(starts).toBeGreaterThan(before);
        return starts;
      });
    expect(await startAfter(0)).toBe(1);
    const node = await field('.spec.nodeName', 'pod', 'ledger-0');
    const volume = await field('.spec.volumeName', 'pvc', 'data-ledger-0');
    expect(await ok('get', 'pvc')).toMatch(
      new RegExp(`data-ledger-0 +Bound +${volume} +64Mi +RWO +local-path`),
    );
    expect(await ok('get', 'pv')).toMatch(
      new RegExp(`${volume} +64Mi +RWO +Delete +Bound +default/data-ledger-0 +local-path`),
    );
    expect(await ok('describe', 'pvc', 'data-ledger-0')).toMatch(
      /Used By: +ledger-0[\s\S]*ProvisioningSucceeded/,
    );
    expect(await ok('describe', 'pv', volume)).toMatch(
      new RegExp(`kubernetes.io/hostname in \\[${node}\\][\\s\\S]*LocalVolume`),
    );

    await ok('delete', 'pod', 'ledger-0');
    expect(await startAfter(1)).toBe(2);
    expect(await field('.spec.nodeName', 'pod', 'ledger-0')).toBe(node);
    const device = cluster.device(node);
    await device.reboot();
    // A node that is gone for a moment too long has its pod replaced: that one starts here, too.
    const third = await startAfter(2);

    await device.cut();
    await ok('wait', '--for=condition=Ready=Unknown', `node/${node}`, '--timeout=60s');
    await ok('delete', 'pod', 'ledger-0', '--force', '--grace-period=0');
    await until(async () => {
      const events = await ok('get', 'events', '--field-selector', 'reason=FailedScheduling');
      expect(events).toMatch(/1 node\(s\) had volume node affinity conflict/);
    });
    await device.join();
    await startAfter(third);
    expect(await field('.spec.nodeName', 'pod', 'ledger-0')).toBe(node);

    await ok('delete', 'statefulset', 'ledger');
    expect(await foldersOnDisk()).toHaveLength(1);
    await ok('delete', 'pvc', 'data-ledger-0');
    await until(async () => expect(await ok('get', 'pv', '-o', 'name')).toBe(''));
    expect(await foldersOnDisk()).toEqual([]);
  });
});

describe.skipIf(kubectlPath === undefined)('an emptyDir beyond its limit', () => {
  it('ends its pod, which stays ended over a restart of the agent', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'greedy' },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'main',
            image: 'busybox:1.36',
            command: ['sh', '-c', 'dd if=/dev/zero of=/scratch/big bs=1M count=2; sleep 1000000 & wait $!'],
            volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
          },
        ],
        volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Mi' } }],
      },
    };
    const [main] = pod.spec.containers;
    const sprawling = {
      ...pod,
      metadata: { name: 'sprawling' },
      spec: {
        ...pod.spec,
        containers: [
          {
            ...main,
            command: ['sh', '-c', 'dd if=/dev/zero of=/tmp/big bs=1M count=2; sleep 1000000 & wait $!'],
            resources: { limits: { 'ephemeral-storage': '1Mi' } },
          },
        ],
      },
    };
    const both = { apiVersion: 'v1', kind: 'List', items: [pod, sprawling] };
    const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(both));
    expect([code, stderr]).toEqual([0, '']);
    await until(async () =>
      expect(await field('.status.phase} {.status.reason} {.status.message', 'pod', 'greedy')).toBe(
        'Failed Evicted Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ',
      ),
    );
    await until(async () =>
      expect(await field('.status.phase} {.status.reason} {.status.message', 'pod', 'sprawling')).toBe(
        'Failed Evicted Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ',
      ),
    );
    expect(await ok('describe', 'pod', 'greedy')).toMatch(/Reason: +Evicted[\s\S]*Warning +Evicted/);
    await until(async () => expect(await cluster.containers()).toEqual([]));
    const node = await field('.spec.nodeName', 'pod', 'greedy');
    await cluster.device(node).reboot();
    await ok('wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s');
    await ok(
      'run',
      'after',
      '--image=busybox:1.36',
      '--restart=Never',
      `--overrides={"spec":{"nodeName":"${node}"}}`,
      '--',
      'true',
    );
    await until(async () => expect(await field('.status.phase', 'pod', 'after')).toBe('Succeeded'));
    expect((await cluster.containers()).map(({ pod: name }) => name)).toEqual(['after']);
  });
});
