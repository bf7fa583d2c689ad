/**
 * kubectl applies a manifest, others write to the objects, and kubectl applies the next manifest: then the objects are as if only
 * that one had ever been applied. By both ways of applying, the one that kubectl computes and the one that the server does.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Json, startTestApi, type TestApi } from '../support/api.ts';
import { runCommand } from '../support/command.ts';
import { kubectlPath } from '../support/kubectl.ts';

/** Pairs of manifests in one run: kubectl takes longer to start than to apply. */
const PAIRS = 10;
/** A failure shows which object differs, and where: smaller cases would take minutes to find. */
const RUNS = { numRuns: 5, endOnFailure: true };

const optional = (members: Record<string, fc.Arbitrary<unknown>>, ...requiredKeys: string[]) =>
  fc.record(members, { requiredKeys });
/** A list of elements with different keys, in any order. */
const keyed = (key: string, keys: readonly unknown[], rest: fc.Arbitrary<object>, minLength = 0) =>
  fc
    .shuffledSubarray([...keys], { minLength })
    .chain(chosen => fc.tuple(...chosen.map(value => rest.map(members => ({ [key]: value, ...members })))));
const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'team'), fc.constantFrom('1', '2'));

const container = optional(
  {
    image: fc.constantFrom('one', 'two'),
    command: fc.constantFrom(['sh'], ['sh', '-c'], ['sleep', '1', '1']),
    env: keyed(
      'name',
      ['A', 'B', 'C'],
      fc.oneof(
        fc.record({ value: fc.constantFrom('1', '2') }),
        fc.constantFrom('k', 'l').map(key => ({ valueFrom: { configMapKeyRef: { name: 'settings', key } } })),
      ),
    ),
    ports: keyed('containerPort', [80, 81, 82], optional({ protocol: fc.constantFrom('TCP', 'UDP') })),
    resources: optional({
      requests: optional({ cpu: fc.constantFrom('1', '500m'), memory: fc.constant('1Gi') }),
    }),
    securityContext: optional({ runAsUser: fc.constantFrom(0, 1000), privileged: fc.boolean() }),
    imagePullPolicy: fc.constantFrom('Always', 'Never'),
  },
  'image',
);
const volume = fc.oneof(
  fc.constantFrom({}, { medium: 'Memory' }).map(emptyDir => ({ emptyDir })),
  fc.constantFrom('x', 'y').map(name => ({ configMap: { name } })),
);
const podSpec = optional(
  {
    containers: keyed('name', ['a', 'b', 'c'], container, 1),
    initContainers: keyed('name', ['d', 'e'], container),
    volumes: keyed('name', ['data', 'tmp', 'etc'], volume),
    tolerations: fc.array(
      optional({ key: fc.constantFrom('a', 'b'), operator: fc.constant('Exists') }, 'key', 'operator'),
      { maxLength: 2 },
    ),
    nodeSelector: labels,
    imagePullSecrets: keyed('name', ['p', 'q'], fc.constant({})),
    hostAliases: keyed(
      'ip',
      ['10.0.0.1', '10.0.0.2'],
      fc.record({ hostnames: fc.constantFrom(['a'], ['b', 'c']) }),
    ),
    terminationGracePeriodSeconds: fc.constantFrom(1, 60),
  },
  'containers',
);
const strategy = optional(
  { type: fc.constant('RollingUpdate'), rollingUpdate: optional({ maxSurge: fc.constantFrom(2, '30%') }) },
  'type',
);
/** Never without labels: kubectl takes a whole map back with its last member, others' members too. */
const metadata = optional(
  { labels: labels.map(more => ({ ...more, is: 'it' })), annotations: labels },
  'labels',
);
const KINDS: Readonly<
  Record<string, { readonly apiVersion: string; readonly at: string; readonly rest: fc.Arbitrary<object> }>
> = {
  Deployment: {
    apiVersion: 'apps/v1',
    at: 'deployments',
    rest: optional(
      { replicas: fc.constantFrom(0, 3), strategy, minReadySeconds: fc.constantFrom(0, 5), podSpec },
      'podSpec',
    ).map(({ podSpec: spec, ...rest }) => ({
      spec: {
        ...rest,
        selector: { matchLabels: { is: 'it' } },
        template: { metadata: { labels: { is: 'it' } }, spec },
      },
    })),
  },
  Service: {
    apiVersion: 'v1',
    at: 'services',
    rest: optional({
      ports: keyed('port', [80, 443], optional({ targetPort: fc.constantFrom(8080, 'web') })).map(ports =>
        ports.map(port => ({ name: `at-${Object(port).port}`, ...port })),
      ),
      selector: labels,
      sessionAffinity: fc.constantFrom('ClientIP', 'None'),
    }).map(spec => ({ spec: { ...spec, clusterIP: 'None' } })),
  },
  ConfigMap: {
    apiVersion: 'v1',
    at: 'configmaps',
    rest: optional({ data: labels, binaryData: fc.constantFrom({ b: 'AA==' }) }),
  },
};

type Pair = { readonly kind: string; readonly before: Json; readonly after: Json };
const pair: fc.Arbitrary<Pair> = fc
  .constantFrom(...Object.entries(KINDS))
  .chain(([kind, { apiVersion, rest }]) => {
    const manifest = fc
      .tuple(metadata, rest)
      .map(([meta, members]) => ({ apiVersion, kind, metadata: meta, ...members }));
    return fc.record({ kind: fc.constant(kind), before: manifest, after: manifest });
  });

let api: TestApi;
let folder: string;
beforeAll(async () => {
  api = await startTestApi();
  folder = await mkdtemp(path.join(tmpdir(), 'pikelet-apply-'));
});
afterAll(async () => {
  await api.stop();
  await rm(folder, { recursive: true });
});

async function apply(namespace: string, manifests: readonly Json[], ...flags: string[]): Promise<void> {
  const items = manifests.map((manifest, index) => ({
    ...manifest,
    metadata: { ...manifest.metadata, name: `it-${index}`, namespace },
  }));
  const file = path.join(folder, 'manifests.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const connection = [`--kubeconfig=${api.kubeconfig}`, `--cache-dir=${path.join(folder, 'cache')}`];
  expect(await runCommand([kubectlPath ?? '', 'apply', ...connection, ...flags, '-f', file])).toMatchObject({
    code: 0,
    stderr: '',
  });
}

/** Somebody else's label and, in a Deployment, annotation of its pods and container. */
async function writeElsewhere(namespace: string, pairs: readonly Pair[]): Promise<void> {
  for (const [index, { kind }] of pairs.entries()) {
    const template = {
      metadata: { annotations: { theirs: 'yes' } },
      spec: { containers: [{ name: 'z', image: 'sidecar' }] },
    };
    const body = {
      metadata: { labels: { theirs: 'yes' } },
      ...(kind === 'Deployment' ? { spec: { template } } : {}),
    };
    const headers = { 'content-type': 'application/strategic-merge-patch+json', 'user-agent': 'somebody/1' };
    expect(
      await api.call(`${placeOf(namespace, kind)}/it-${index}`, { method: 'PATCH', body, headers }),
    ).toMatchObject({ code: 200 });
  }
}

function placeOf(namespace: string, kind: string): string {
  const { apiVersion, at } = KINDS[kind] ?? { apiVersion: '', at: '' };
  return `/${apiVersion === 'v1' ? 'api' : 'apis'}/${apiVersion}/namespaces/${namespace}/${at}`;
}

/** The objects without what differs between any two of them. */
async function stored(namespace: string, pairs: readonly Pair[]): Promise<Json[]> {
  return await Promise.all(
    pairs.map(async ({ kind }, index) => {
      const object = (await api.call(`${placeOf(namespace, kind)}/it-${index}`)).json();
      const { labels: kept = {}, annotations = {} } = object.metadata;
      const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...own } = annotations;
      // Where another's container stands among the manifest's own is left open.
      object.spec?.template?.spec.containers.sort(
        (a: Json, b: Json) => Number(a.name === 'z') - Number(b.name === 'z'),
      );
      return { ...object, metadata: { labels: kept, annotations: own } };
    }),
  );
}

let namespaces = 0;
async function newNamespace(): Promise<string> {
  const name = `pairs-${namespaces++}`;
  await api.call('/api/v1/namespaces', { method: 'POST', body: { metadata: { name } } });
  return name;
}

it.skipIf(kubectlPath === undefined).each([
  { how: 'on the client', flags: [] },
  { how: 'on the server', flags: ['--server-side', '--force-conflicts'] },
])(
  'kubectl apply $how leaves what others wrote and takes back what a manifest no longer says (skipped without kubectl)',
  async ({ flags }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(pair, { minLength: PAIRS, maxLength: PAIRS }), async pairs => {
        const [namespace, fresh] = [await newNamespace(), await newNamespace()];
        await apply(
          namespace,
          pairs.map(({ before }) => before),
          ...flags,
        );
        await writeElsewhere(namespace, pairs);
        await apply(
          namespace,
          pairs.map(({ after }) => after),
          ...flags,
        );
        await apply(
          fresh,
          pairs.map(({ after }) => after),
          ...flags,
        );
        await writeElsewhere(fresh, pairs);
        expect(await stored(namespace, pairs)).toEqual(await stored(fresh, pairs));
      }),
      RUNS,
    );
  },
);
