/** An unmodified kubectl applying on the server: what it says, what it migrates, and who owns what afterwards. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { kubectlOn } from './support/kubectl.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 0 });
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

const { kubectl, ok } = kubectlOn(() => cluster);

const aMap = (name: string, data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const aDeployment = (name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'busybox:1.36' }] },
    },
    ...spec,
  },
});

type Entry = { readonly manager: string; readonly operation: string; readonly fieldsV1: unknown };

async function owners(object: string): Promise<Entry[]> {
  return JSON.parse(await ok(`get ${object} -o json --show-managed-fields`)).metadata.managedFields;
}
const names = (entries: readonly Entry[]) =>
  entries.map(({ manager, operation }) => `${operation} ${manager}`);

describe.skipIf(kubectlPath === undefined)('kubectl apply --server-side', () => {
  it('creates, changes nothing twice, and takes back', async () => {
    const applied = 'deployment.apps/web serverside-applied\n';
    expect(await ok('apply --server-side -f -', aDeployment('web', { minReadySeconds: 1 }))).toBe(applied);
    const version = () => ok('get deployment web -o jsonpath={.metadata.generation}');
    const before = await version();
    expect(await ok('apply --server-side -f -', aDeployment('web', { minReadySeconds: 1 }))).toBe(applied);
    expect(await version()).toBe(before);
    expect(await ok('apply --server-side -f -', aDeployment('web'))).toBe(applied);
    expect(await ok('get deployment web -o jsonpath={.spec.minReadySeconds}')).toBe('');
  });

  it('says whose fields it would take, and takes them when forced', async () => {
    await ok('apply --server-side -f -', aDeployment('fight'));
    await ok('scale deployment fight --replicas=1');
    const refused = await kubectl('apply --server-side -f -', aDeployment('fight'));
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining(
        'error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas\nPlease review the fields above--they currently have other managers.',
      ),
    ]);
    await ok('apply --server-side --force-conflicts -f -', aDeployment('fight'));
    expect(await ok('get deployment fight -o jsonpath={.spec.replicas}')).toBe('0');
  });

  it('takes over what was applied on the client', async () => {
    await ok('apply -f -', aMap('moved', { a: '1', b: '1' }));
    expect(names(await owners('configmap/moved'))).toEqual(['Update kubectl-client-side-apply']);
    expect(await ok('apply --server-side -f -', aMap('moved', { a: '2' }))).toBe(
      'configmap/moved serverside-applied\n',
    );
    expect(names(await owners('configmap/moved'))).toEqual(['Apply kubectl', 'Apply kubectl-last-applied']);
    // What the client once applied goes when the server's configuration leaves it out.
    expect(await ok('get configmap moved -o jsonpath={.data}')).toBe('{"a":"2"}');
    expect(await ok('apply -f -', aMap('moved', { a: '3' }))).toBe('configmap/moved configured\n');
  });

  it('shows the difference before, and the owners only when asked', async () => {
    await ok('apply --server-side -f -', aMap('shown', { a: '1' }));
    const { code, stdout } = await kubectl('diff --server-side -f -', aMap('shown', { a: '2' }));
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^-\s+a: "1"\n\+\s+a: "2"$/m)]);
    expect((await kubectl('diff --server-side -f -', aMap('shown', { a: '1' }))).code).toBe(0);
    expect(await ok('get configmap shown -o yaml')).not.toContain('managedFields');
    expect(await ok('get configmap shown -o yaml --show-managed-fields')).toMatch(
      /managedFields:\n {2}- apiVersion: v1\n {4}fieldsType: FieldsV1\n {4}fieldsV1:\n {6}f:data:\n {8}f:a: \{\}\n {4}manager: kubectl\n {4}operation: Apply\n/,
    );
  });
});
