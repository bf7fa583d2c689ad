/** A release as Helm renders it: installed, upgraded and removed by kubectl. */
import { dump } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { renderedChart } from './support/chart.ts';
import { until } from './support/until.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 1 });
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

/** What kubectl prints with these arguments, with a revision as its input. */
async function kubectl(args: string, revision?: 1 | 2): Promise<string> {
  const documents =
    revision &&
    renderedChart(revision)
      .map(each => `---\n${dump(each)}`)
      .join('');
  const { code, stdout, stderr } = await cluster.kubectl(args.split(' '), documents);
  expect([args, code, stderr]).toEqual([args, 0, '']);
  return stdout;
}

/** What was done to how many objects, as apply and delete say it. */
function acts(said: string): Record<string, number> {
  const words = said
    .trimEnd()
    .split('\n')
    .map(line => line.replace(/^.* /, ''));
  return Object.fromEntries(
    [...new Set(words)].map(word => [word, words.filter(each => each === word).length]),
  );
}

describe.skipIf(kubectlPath === undefined)('a rendered chart', () => {
  it('is installed, and installing it again changes nothing', async () => {
    const { length } = renderedChart(1);
    expect(acts(await kubectl('apply -f -', 1))).toEqual({ created: length });
    // kubectl sends a budget's selector each time: its patch strategy is `replace`.
    const again = await kubectl('apply -f -', 1);
    expect(acts(again)).toEqual({ unchanged: length - 1, configured: 1 });
    expect(again).toMatch(/^poddisruptionbudget.policy\/demo configured$/m);
    await kubectl('rollout status deployment/demo --timeout=90s');
    await kubectl('rollout status statefulset/demo --timeout=90s');
    await kubectl('wait --for=condition=Complete job/demo-install --timeout=90s');
  });

  it('says nothing that the server would write otherwise', async () => {
    expect(await kubectl('diff -f -', 1)).toBe('');
  });

  it('is upgraded: pods with the new settings, and what the chart no longer has is pruned', async () => {
    const before = await kubectl('get pods -l app.kubernetes.io/component=web -o name');
    const prune =
      'apply --prune -l app.kubernetes.io/instance=demo --prune-allowlist=networking.k8s.io/v1/NetworkPolicy';
    const said = await kubectl(`${prune} -f -`, 2);
    expect(said).toMatch(/^networkpolicy.networking.k8s.io\/demo pruned$/m);
    expect(said).toMatch(/^deployment.apps\/demo configured$/m);
    await kubectl('rollout status deployment/demo --timeout=90s');
    await kubectl('rollout status statefulset/demo --timeout=90s');
    await kubectl('wait --for=condition=Complete job/demo-upgrade --timeout=90s');
    expect(await kubectl('get deployment demo -o jsonpath={.status.readyReplicas}')).toBe('2');
    expect(await kubectl('get configmap demo -o jsonpath={.data}')).toBe('{"settings.ini":"revision=2\\n"}');
    await until(async () => {
      const now = await kubectl('get pods -l app.kubernetes.io/component=web -o name');
      for (const name of before.trim().split('\n')) expect(now).not.toContain(name);
    });
    expect(await kubectl('get pdb demo -o jsonpath={.status.expectedPods}')).toBe('3');
    expect(await kubectl('get secrets -l owner=helm --field-selector type=helm.sh/release.v1 -o name')).toBe(
      'secret/sh.helm.release.v1.demo.v1\nsecret/sh.helm.release.v1.demo.v2\n',
    );
  });

  it('is removed, with every container', async () => {
    expect(Object.keys(acts(await kubectl('delete -f - --wait', 2)))).toEqual(['deleted']);
    await kubectl('delete job demo-install --wait');
    await until(async () => expect(await cluster.containers()).toEqual([]));
    expect(await kubectl('get all,cm,sa,ingress,pdb,role -l app.kubernetes.io/instance=demo -o name')).toBe(
      '',
    );
  });
});
