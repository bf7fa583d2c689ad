/** Every sample, applied as a person would, runs on a real cluster. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';

const FOLDER = 'deploy/samples';
const samples = readdirSync(FOLDER).filter(name => name.endsWith('.yaml'));
const WITHIN = { timeout: 60_000, interval: 100 };

let cluster: TestCluster | undefined;
const theCluster = () => cluster ?? expect.unreachable('the cluster never came up');
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
});
afterAll(async () => {
  await cluster?.stop();
});
showLogsOnFailure(() => cluster);

/** Phases of the pods of the default namespace, as `pikelet` prints them for a script. */
async function podPhases(): Promise<string[]> {
  const { stdout } = await theCluster().pikelet(['get', 'pods', '-o', 'json']);
  const { items } = JSON.parse(stdout);
  return items.map((pod: { status: { phase: string } }) => pod.status.phase);
}

async function runningContainers(): Promise<number> {
  return (await theCluster().containers()).filter(({ state }) => state === 'running').length;
}

describe.each(samples)('%s', sample => {
  it('runs, and goes when it is deleted', async () => {
    const file = `${FOLDER}/${sample}`;
    expect(await theCluster().pikelet(['apply', '-f', file])).toMatchObject({ code: 0, stderr: '' });
    await expect.poll(podPhases, WITHIN).toContain('Running');
    await expect.poll(async () => new Set(await podPhases()), WITHIN).toEqual(new Set(['Running']));
    const pods = await podPhases();
    await expect.poll(runningContainers, WITHIN).toBe(pods.length);
    expect(await theCluster().pikelet(['delete', '-f', file])).toMatchObject({ code: 0 });
    await expect.poll(async () => (await theCluster().containers()).length, WITHIN).toBe(0);
  });
});

it.skipIf(kubectlPath === undefined)('kubectl applies them as well', async () => {
  const { code, stdout } = await theCluster().kubectl(['apply', '-f', FOLDER]);
  expect([code, stdout.trim().split('\n').length]).toEqual([0, 6]);
});
