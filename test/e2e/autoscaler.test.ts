/** A HorizontalPodAutoscaler and containers that really burn their share of the processor, through kubectl. */
import { readFile } from 'node:fs/promises';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { kubectlOn } from './support/kubectl.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

const { ok } = kubectlOn(() => cluster);
const SAMPLE = 'deploy/samples/autoscaler.yaml';
const WITHIN = { timeout: 90_000, interval: 250 };

const replicas = () => ok('get deployment autoscaler -o jsonpath={.status.readyReplicas}');
const work = (much: 'much' | 'none') => ok(`patch configmap autoscaler -p {"data":{"work":"${much}"}}`);

/** Thousandths of a core that each pod uses, as `kubectl top` prints them; none for pods without a figure yet. */
async function usedMilli(): Promise<readonly number[]> {
  const lines = (await ok('top pods -l app=autoscaler --no-headers')).trim().split('\n');
  return lines.map(line => Number(/^autoscaler-\S+ +(\d+)m /.exec(line)?.[1]));
}

it.skipIf(kubectlPath === undefined)(
  'grows to its bound under load, and shrinks when the load ends',
  async () => {
    const documents = loadAll(await readFile(SAMPLE, 'utf8'));
    const items = documents.filter(each => !JSON.stringify(each).includes('"HorizontalPodAutoscaler"'));
    await ok('apply -f -', { apiVersion: 'v1', kind: 'List', items });
    await ok('rollout status deployment/autoscaler --timeout=90s');
    await work('much');
    expect(await ok('autoscale deployment autoscaler --cpu-percent=50 --min=1 --max=3')).toBe(
      'horizontalpodautoscaler.autoscaling/autoscaler autoscaled\n',
    );
    await ok('patch hpa autoscaler -p {"spec":{"behavior":{"scaleDown":{"stabilizationWindowSeconds":1}}}}');

    await expect.poll(replicas, WITHIN).toBe('3');
    // A busy pod uses its limit, 100m; how much of it a loaded machine gives is not this test's to say.
    await expect.poll(async () => (await usedMilli()).filter(milli => milli > 25).length, WITHIN).toBe(3);
    await expect
      .poll(() => ok('get hpa autoscaler'), WITHIN)
      .toMatch(/^autoscaler +Deployment\/autoscaler +cpu: [1-9]\d+%\/50% +1 +3 +3 /m);
    const described = await ok('describe hpa autoscaler');
    expect(described).toMatch(
      /SuccessfulRescale .*New size: \d; reason: cpu resource utilization \(percentage of request\) above target/,
    );
    expect(described).toMatch(/ScalingActive +True +ValidMetricFound/);

    await work('none');
    await expect.poll(replicas, WITHIN).toBe('1');
    await expect.poll(() => ok('get hpa autoscaler'), WITHIN).toMatch(/ cpu: \d%\/50% +1 +3 +1 /);
    expect(await ok('describe hpa autoscaler')).toMatch(
      /SuccessfulRescale .*New size: 1; reason: All metrics below target/,
    );
  },
);
