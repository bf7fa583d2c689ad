/** Every sample, applied as a person would, runs on a real cluster. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { loadAll } from 'js-yaml';
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

/** Phases of every pod, as `pikelet` prints them for a script. */
async function podPhases(): Promise<string[]> {
  const { stdout } = await theCluster().pikelet(['get', 'pods', '-A', '-o', 'json']);
  const { items } = JSON.parse(stdout);
  return items.map((pod: { status: { phase: string } }) => pod.status.phase);
}

const WORKLOADS = ['Pod', 'Deployment', 'DaemonSet', 'StatefulSet', 'Job'];

async function documentsOf(file: string): Promise<readonly { kind: string }[]> {
  return loadAll(await readFile(file, 'utf8')).filter(isDocument);
}

function isDocument(value: unknown): value is { kind: string } {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

async function runningContainers(): Promise<number> {
  return (await theCluster().containers()).filter(({ state }) => state === 'running').length;
}

describe.each(samples)('%s', sample => {
  it('runs, and goes when it is deleted', async () => {
    const file = `${FOLDER}/${sample}`;
    expect(await theCluster().pikelet(['apply', '-f', file])).toMatchObject({ code: 0, stderr: '' });
    const documents = await documentsOf(file);
    if (documents.some(({ kind }) => WORKLOADS.includes(kind))) {
      await expect.poll(podPhases, WITHIN).not.toEqual([]);
      await expect
        .poll(async () => (await podPhases()).filter(phase => !/^(Running|Succeeded)$/.test(phase)), WITHIN)
        .toEqual([]);
      // A Job's pods end while one looks: both are read anew until they agree.
      const runningPods = async () => (await podPhases()).filter(phase => phase === 'Running').length;
      await expect.poll(async () => (await runningContainers()) - (await runningPods()), WITHIN).toBe(0);
    }
    expect(await theCluster().pikelet(['delete', '--ignore-not-found', '-f', file])).toMatchObject({
      code: 0,
    });
    await expect.poll(async () => (await theCluster().containers()).length, WITHIN).toBe(0);
  });
});

it.skipIf(kubectlPath === undefined)('kubectl applies them as well', async () => {
  const files = await Promise.all(samples.map(sample => documentsOf(`${FOLDER}/${sample}`)));
  const { code, stdout } = await theCluster().kubectl(['apply', '-f', FOLDER]);
  expect([code, stdout.trim().split('\n').length]).toEqual([0, files.flat().length]);
});
