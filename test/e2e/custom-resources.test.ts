/** Custom resources as a user of an unmodified kubectl meets them, over a restart of the master. */
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { kubectlOn } from './support/kubectl.ts';

const FOLDER = 'deploy/samples/custom-resources';
const CRONTAB = load(readFileSync(`${FOLDER}/crontab.yaml`, 'utf8'));

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 0 });
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

const { kubectl, ok } = kubectlOn(() => cluster);

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  it('defines a kind, and knows it at once', async () => {
    expect(await ok(`apply -f ${FOLDER}/definition.yaml`)).toBe(
      'customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com created\n',
    );
    expect(await ok('wait --for=condition=Established crd/crontabs.stable.example.com --timeout=30s')).toBe(
      'customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com condition met\n',
    );
    expect(await ok('apply -f -', CRONTAB)).toBe('crontab.stable.example.com/my-new-cron-object created\n');
    expect(await ok('apply -f -', CRONTAB)).toBe('crontab.stable.example.com/my-new-cron-object unchanged\n');
    expect(await ok('get ct')).toMatch(
      /^NAME +SPEC +REPLICAS +AGE\nmy-new-cron-object +\* \* \* \* \*\/5 +2 +\d+s\n$/,
    );
    expect(await ok('explain crontab.spec.cronSpec')).toMatch(
      /FIELD: cronSpec <string>\n[\s\S]*in five fields/,
    );
    expect(await ok('api-resources --api-group=stable.example.com')).toMatch(/crontabs +ct +stable/);
  });

  it('is told what is wrong', async () => {
    const faulty = { ...Object(CRONTAB), spec: { cronSpec: 'often', bogus: 1 } };
    const strict = await kubectl('apply -f -', faulty);
    expect([strict.code, strict.stderr]).toEqual([1, expect.stringContaining('unknown field "spec.bogus"')]);
    const invalid = await kubectl('apply --validate=false -f -', faulty);
    expect([invalid.code, invalid.stderr]).toEqual([
      1,
      expect.stringContaining('spec.cronSpec in body should match'),
    ]);
  });

  it('patches and scales, and finds all of it after a restart', async () => {
    await ok('patch ct my-new-cron-object --type=merge -p {"spec":{"image":"alpine"}}');
    expect(await ok('scale ct my-new-cron-object --replicas=4')).toMatch(/scaled\n$/);
    await cluster.killMaster();
    await cluster.startMaster();
    expect(await ok('get ct my-new-cron-object -o jsonpath={.spec.image}:{.spec.replicas}')).toBe('alpine:4');
  });

  it('removes the kind with its objects', async () => {
    await ok('delete crd crontabs.stable.example.com');
    const gone = await kubectl('get ct');
    expect([gone.code, gone.stderr]).toEqual([
      1,
      expect.stringContaining('the server could not find the requested resource'),
    ]);
  });
});
