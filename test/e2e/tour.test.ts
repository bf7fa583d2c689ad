/** The README's tour: from an empty folder to a cluster that runs samples, and is found again. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { untilSettled } from './support/census.ts';
import { type ClusterApi, nameOf, openClusterApi, uidOf } from './support/cluster-api.ts';
import { until } from './support/until.ts';

const SAMPLES = 'deploy/samples';
const HELLO = join(SAMPLES, 'hello.yaml');
const MIB = 1024 * 1024;

let cluster: TestCluster;
let api: ClusterApi;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 });
  api = openClusterApi(cluster.kubeconfig);
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

/** Every tool that a person may do the tour with. */
const tools = [
  { tool: 'pikelet', run: (...args: string[]) => cluster.pikelet(args), isMissing: false },
  {
    tool: 'kubectl',
    run: (...args: string[]) => cluster.kubectl(args),
    isMissing: kubectlPath === undefined,
  },
];

describe.each(tools)('the tour with $tool', ({ run, isMissing }) => {
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    expect([args, code, stderr]).toEqual([args, 0, '']);
    return stdout;
  };

  it.skipIf(isMissing)('applies, spreads, limits, logs, scales and deletes', async () => {
    expect(await ok('apply', '-f', HELLO)).toBe('deployment.apps/hello created\n');
    const pods = await api.untilReady('hello', 3);
    expect(new Set(pods.map(pod => pod.spec?.nodeName)).size).toBe(3);

    const containers = await cluster.containers();
    expect(new Set(containers.map(({ podUid }) => podUid))).toEqual(new Set(pods.map(uidOf)));
    for (const { id } of containers) {
      const { HostConfig } = await cluster.docker.getContainer(id).inspect();
      const { Memory, NanoCpus, CpuQuota, CpuPeriod, RestartPolicy } = HostConfig;
      expect(Memory).toBe(32 * MIB);
      expect(NanoCpus ? NanoCpus / 1e9 : (CpuQuota ?? 0) / (CpuPeriod || 100_000)).toBe(0.2);
      expect(RestartPolicy?.Name ?? '').toMatch(/^(no)?$/);
    }

    // Ready says that the process has started; what it prints comes a moment later.
    for (const pod of pods)
      await until(async () => expect(await ok('logs', nameOf(pod))).toMatch(/ listens on port 8080\n$/));
    expect(await ok('get', 'nodes')).toMatch(
      /^NAME +STATUS.*\npi-1 +Ready .*\npi-2 +Ready .*\npi-3 +Ready .*\n$/,
    );

    expect(await ok('scale', 'deployment', 'hello', '--replicas', '5')).toBe(
      'deployment.apps/hello scaled\n',
    );
    await api.untilReady('hello', 5);
    await ok('scale', 'deployment/hello', '--replicas=1');
    await api.untilReady('hello', 1);
    await untilSettled(cluster, api);
    expect(await ok('delete', '-f', HELLO)).toBe('deployment.apps "hello" deleted\n');
    await until(async () => expect(await cluster.containers()).toEqual([]));
    expect(await ok('get', 'deployments', '-o', 'name')).toBe('');
  });
});

it.each(readdirSync(SAMPLES).filter(name => name.endsWith('.yaml')))('the sample %s runs', async file => {
  const path = join(SAMPLES, file);
  const { code, stdout, stderr } = await cluster.pikelet(['apply', '-f', path]);
  expect([code, stderr]).toEqual([0, '']);
  const workloads = stdout.match(/^(deployment|daemonset)\S+/gm) ?? [];
  for (const workload of workloads) {
    expect(await cluster.pikelet(['rollout', 'status', workload])).toMatchObject({ code: 0 });
  }
  // What comes and goes one by one is for samples.test.ts to follow; here everything that is left goes on.
  if (/^(job|cronjob|statefulset)\S+/m.test(stdout)) await cluster.pikelet(['delete', '-f', path]);
  await untilSettled(cluster, api);
});

it('stops at Ctrl-C, leaves the data, and finds all of it again', async () => {
  const before = await api.pods();
  expect(before.length).toBeGreaterThan(5);
  expect(await cluster.interrupt()).toBe(0);
  // Ended in good order, not by the supervisor's patience.
  expect(readFileSync(cluster.layout.log('master'), 'utf8')).toContain('the master has stopped');
  expect((await cluster.containers()).filter(({ state }) => state === 'running')).toEqual([]);
  expect(existsSync(cluster.kubeconfig)).toBe(true);

  await cluster.startAgain();
  await untilSettled(cluster, api);
  expect((await api.pods()).map(uidOf).sort()).toEqual(before.map(uidOf).sort());
});
