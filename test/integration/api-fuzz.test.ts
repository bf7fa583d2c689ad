/** Whatever is sent, the answer is a success or a Status that blames the client, and nothing else changes. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type ApiCall, startTestApi, type TestApi } from '../support/api.ts';

const RUNS = { numRuns: 40 };
const SETTINGS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const BYSTANDER = `${SETTINGS}/bystander`;

let api: TestApi;
let bystander: string;
beforeAll(async () => {
  api = await startTestApi();
  const body = { metadata: { name: 'bystander' }, data: { kept: 'yes' } };
  await api.call(SETTINGS, { method: 'POST', body });
  bystander = (await api.call(BYSTANDER)).text;
});
afterAll(() => api.stop());

/** An object of our own, for patches to try their luck on. */
beforeEach(async () => {
  await api.call(`${SETTINGS}/target`, { method: 'DELETE' });
  await api.call(SETTINGS, { method: 'POST', body: { metadata: { name: 'target' }, data: { a: '1' } } });
});

function expectOrderly(answer: Answer, asked: unknown): void {
  expect(answer.code, JSON.stringify(asked)).toBeLessThan(500);
  if (answer.code >= 400)
    expect(answer.json()).toMatchObject({ kind: 'Status', status: 'Failure', code: answer.code });
}

async function expectUnharmed(): Promise<void> {
  expect((await api.call(BYSTANDER)).text).toBe(bystander);
  expect(Object.keys(Object.prototype)).toEqual([]);
}

async function isOrderly(target: string, call: ApiCall): Promise<void> {
  expectOrderly(await api.call(target, call), { target, ...call });
}

const hostileKey = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '$patch',
  '$retainKeys',
  '',
);
const key = fc.oneof(
  { weight: 1, arbitrary: hostileKey },
  { weight: 3, arbitrary: fc.constantFrom('metadata', 'spec', 'data', 'name', 'labels', 'containers', 'a') },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);
const { json } = fc.letrec<{ json: unknown }>(tie => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('json')), { maxLength: 4 }).map(entries => Object.fromEntries(entries)),
  ),
}));
const path = fc.constantFrom(SETTINGS, DEPLOYMENTS, '/api/v1/namespaces', '/api/v1/namespaces/default/pods');
const validation = fc.constantFrom('', '?fieldValidation=Strict', '?fieldValidation=Ignore&dryRun=All');

describe('bodies', () => {
  it('that are any JSON', async () => {
    await fc.assert(
      fc.asyncProperty(path, validation, json, async (to, query, body) => {
        await isOrderly(`${to}${query}`, { method: 'POST', body: JSON.stringify(body) });
      }),
      RUNS,
    );
    await expectUnharmed();
  });

  it('that are nearly an object', async () => {
    const metadata = fc.record({ name: fc.constantFrom('target', 'fuzzed') }, { requiredKeys: [] });
    const members = fc.record({ metadata, data: json, spec: json }, { requiredKeys: ['metadata'] });
    await fc.assert(
      fc.asyncProperty(members, fc.constantFrom('POST', 'PUT'), async (body, method) => {
        const target = method === 'POST' ? SETTINGS : `${SETTINGS}/target`;
        await isOrderly(target, { method, body: JSON.stringify(body) });
      }),
      RUNS,
    );
    await expectUnharmed();
  });

  it('that leave out what an object of their kind has', async () => {
    const labels = { app: 'x' };
    const podSpec = { containers: [{ name: 'c', image: 'x' }] };
    const template = { metadata: { labels }, spec: podSpec };
    const workload = { selector: { matchLabels: labels }, template };
    const job = { template: { spec: { ...podSpec, restartPolicy: 'Never' } } };
    const whole: Record<string, object> = {
      '/api/v1/namespaces/default/pods': podSpec,
      '/api/v1/namespaces/default/services': { ports: [{ port: 80 }] },
      [DEPLOYMENTS]: workload,
      '/apis/apps/v1/namespaces/default/replicasets': workload,
      '/apis/apps/v1/namespaces/default/daemonsets': workload,
      '/apis/apps/v1/namespaces/default/statefulsets': workload,
      '/apis/batch/v1/namespaces/default/jobs': job,
      '/apis/batch/v1/namespaces/default/cronjobs': { schedule: '@daily', jobTemplate: { spec: job } },
    };
    for (const [at, spec] of Object.entries(whole)) {
      const metadata = { name: 'whole' };
      expect((await api.call(at, { method: 'POST', body: { metadata, spec } })).code, at).toBe(201);
      for (const cut of [undefined, {}, ...Object.keys(spec).map(name => ({ ...spec, [name]: undefined }))])
        await isOrderly(`${at}/whole`, { method: 'PUT', body: { metadata, spec: cut } });
    }
    await expectUnharmed();
  });

  it.each([
    { what: 'cut short', body: '{"metadata": {"name": "x"' },
    { what: 'nested deeply', body: `${'['.repeat(50_000)}${']'.repeat(50_000)}` },
    { what: 'nested deeply in objects', body: `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}` },
    { what: 'too large', body: JSON.stringify({ data: { a: 'x'.repeat(5_000_000) } }) },
    { what: 'not UTF-8', body: Buffer.from([0xff, 0xfe, 0x7b, 0x7d]).toString('latin1') },
    { what: 'of bytes without meaning', body: '\u0000\u0001\u0002' },
    { what: 'with a polluting key', body: '{"metadata":{"name":"x"},"__proto__":{"polluted":true}}' },
    {
      what: 'with a polluting map key',
      body: '{"metadata":{"name":"x","labels":{"__proto__":"a"}},"data":{"__proto__":"b"}}',
    },
  ])('that are $what', async ({ body }) => {
    for (const method of ['POST', 'PUT']) {
      const target = method === 'POST' ? SETTINGS : `${SETTINGS}/target`;
      await isOrderly(target, { method, body });
      await isOrderly(target, { method, body, headers: { 'content-type': 'application/yaml' } });
      await isOrderly(target, {
        method,
        body,
        headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
      });
    }
    await expectUnharmed();
  });

  it.each([
    { what: 'an alias bomb', body: `a: &a [x,x,x,x,x,x,x,x,x]\n${bomb(9)}` },
    { what: 'an alias of itself', body: 'metadata: &a\n  name: x\n  b: *a\n' },
    { what: 'a tag of a language', body: 'metadata: !!js/function "function(){}"\n' },
    { what: 'a merge key', body: 'metadata: {name: x}\n<<: {__proto__: {polluted: 1}}\n' },
    { what: 'several documents', body: 'a: 1\n---\nb: 2\n' },
    { what: 'nested deeply', body: `${'- '.repeat(5000)}x` },
  ])('in YAML: $what', async ({ body }) => {
    await isOrderly(SETTINGS, { method: 'POST', body, headers: { 'content-type': 'application/yaml' } });
    await expectUnharmed();
  });
});

function bomb(levels: number): string {
  const names = 'abcdefghijklmnop';
  return Array.from({ length: levels }, (_, i) => {
    const of = `*${names[i]}`;
    return `${names[i + 1]}: &${names[i + 1]} [${Array.from({ length: 9 }, () => of).join(',')}]`;
  }).join('\n');
}

describe('patches', () => {
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'jump'),
      path: fc.oneof(
        fc.constantFrom('/data/a', '/metadata', '', '/', '/__proto__/polluted', '/constructor/prototype/x'),
        fc.array(key, { maxLength: 4 }).map(keys => `/${keys.join('/')}`),
      ),
      from: fc.constantFrom('/data', '/__proto__', '/nowhere', '/data/a'),
      value: json,
    },
    { requiredKeys: ['op'] },
  );
  const TYPES = {
    'application/json-patch+json': fc.oneof(fc.array(operation, { maxLength: 5 }), json),
    'application/merge-patch+json': json,
    'application/strategic-merge-patch+json': json,
    'application/apply-patch+yaml': json,
  };

  it.each(Object.keys(TYPES))('of type %s, nested deeply', async type => {
    const [open, close] = ['{"a":'.repeat(50_000), '}'.repeat(50_000)];
    for (const body of [
      `${open}1${close}`,
      `{"metadata":{"labels":${open}1${close}}}`,
      `{"spec":[${open}1${close}]}`,
      `[{"op":"add","path":"/data","value":${open}1${close}}]`,
    ])
      await isOrderly(`${SETTINGS}/target?fieldManager=fuzz`, {
        method: 'PATCH',
        body,
        headers: { 'content-type': type },
      });
    await expectUnharmed();
  });

  it.each(Object.keys(TYPES))('of type %s', async type => {
    const patch = Object.entries(TYPES).find(([name]) => name === type)?.[1] ?? json;
    await fc.assert(
      fc.asyncProperty(patch, async body => {
        await isOrderly(`${SETTINGS}/target?fieldManager=fuzz&force=true`, {
          method: 'PATCH',
          body: JSON.stringify(body),
          headers: { 'content-type': type },
        });
      }),
      RUNS,
    );
    await expectUnharmed();
  });
});

describe('targets', () => {
  const segment = fc.oneof(
    fc.constantFrom(
      'api',
      'apis',
      'v1',
      'apps',
      'namespaces',
      'default',
      'pods',
      'configmaps',
      'target',
      'status',
    ),
    fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      '%2f',
      '%00',
      '%',
      '%zz',
      '__proto__',
      'constructor',
      'watch',
      'proxy',
    ),
    fc.string({ maxLength: 6 }).map(encodeURIComponent),
  );
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'HEAD', 'OPTIONS');

  it('that are any path', async () => {
    await fc.assert(
      fc.asyncProperty(method, fc.array(segment, { maxLength: 7 }), async (verb, segments) => {
        const answer = await api.call(`/${segments.join('/')}`, { method: verb });
        expect(answer.code, segments.join('/')).toBeLessThan(500);
      }),
      RUNS,
    );
    await expectUnharmed();
  });

  it('with any selector, limit, token and version', async () => {
    const value = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom(
        'a=b',
        'a in (b',
        'a,,b',
        '!a',
        'a notin ()',
        'metadata.name=target',
        '-1',
        '0',
        '1e9',
        'eyJ9',
      ),
    );
    const names = [
      'labelSelector',
      'fieldSelector',
      'limit',
      'continue',
      'resourceVersion',
      'resourceVersionMatch',
    ];
    const query = fc.dictionary(fc.constantFrom(...names, 'timeoutSeconds', 'dryRun', 'pretty'), value);
    await fc.assert(
      fc.asyncProperty(query, async chosen => {
        await isOrderly(`${SETTINGS}?${new URLSearchParams(chosen)}`, {});
      }),
      RUNS,
    );
    await expectUnharmed();
  });

  it('deletes with any options', async () => {
    await fc.assert(
      fc.asyncProperty(json, async options => {
        await isOrderly(`${SETTINGS}/target`, { method: 'DELETE', body: JSON.stringify(options) });
      }),
      RUNS,
    );
    await expectUnharmed();
  });
});
