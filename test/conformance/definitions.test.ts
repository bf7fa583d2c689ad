/** CustomResourceDefinitions: what Kubernetes's conformance tests say of them beyond test/integration/custom-resources.test.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';
import { followWatch } from '../support/follow-watch.ts';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const string = { type: 'string' };
const schemaOf = (spec: Json) => ({ type: 'object', properties: { spec: { type: 'object', ...spec } } });
const version = (name: string, schema: Json, more: Json = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: schema },
  ...more,
});

function aDefinition(plural: string, versions: Json[], group = 'conformance.example.com'): Json {
  const names = {
    plural,
    singular: plural.replace(/s$/, ''),
    kind: plural.replace(/s$/, ''),
    listKind: `${plural}List`,
  };
  return {
    metadata: { name: `${plural}.${group}`, labels: { of: plural } },
    spec: { group, scope: 'Namespaced', names, versions },
  };
}
const pathOf = (plural: string, group = 'conformance.example.com', name = 'v1') =>
  `/apis/${group}/${name}/namespaces/default/${plural}`;

async function establish(definition: Json): Promise<void> {
  await plane.create(DEFINITIONS, definition);
  const { name } = definition.metadata;
  await plane.until(() => {
    const conditions = plane.cache.get('CustomResourceDefinition', { name })?.status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === 'Established' && status === 'True');
  });
}
const setSchema = (plural: string, schema: Json) =>
  plane.patch(
    `${DEFINITIONS}/${plural}.conformance.example.com`,
    [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: schema }],
    'application/json-patch+json',
  );
const refusal = async (method: string, path: string, body: Json, query = '') =>
  (
    await plane.call(`${path}${query}`, {
      method,
      body,
      headers: method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {},
    })
  ).json();

describe('defaults', () => {
  const path = pathOf('fillers');

  it('that a schema gains are read in objects that are older, and stay once written', async () => {
    const a = { properties: { a: string, b: string } };
    await establish(aDefinition('fillers', [version('v1', schemaOf(a))]));
    await plane.create(path, {
      kind: 'filler',
      apiVersion: 'conformance.example.com/v1',
      metadata: { name: 'old' },
      spec: {},
    });
    await setSchema('fillers', schemaOf({ properties: { a: { ...string, default: 'A' }, b: string } }));
    expect((await plane.get(`${path}/old`)).spec).toEqual({ a: 'A' });
    expect((await plane.list(path)).map(item => item.spec)).toEqual([{ a: 'A' }]);
    const query = 'watch=true&resourceVersion=0';
    const [added] = await followWatch(plane, `${path}?${query}`, events => events.length > 0);
    expect(added?.object.spec).toEqual({ a: 'A' });
    await plane.create(path, {
      kind: 'filler',
      apiVersion: 'conformance.example.com/v1',
      metadata: { name: 'new' },
      spec: {},
    });
    await setSchema('fillers', schemaOf({ properties: { a: string, b: { ...string, default: 'B' } } }));
    expect((await plane.get(`${path}/new`)).spec).toEqual({ a: 'A', b: 'B' });
    expect((await plane.get(`${path}/old`)).spec).toEqual({ b: 'B' });
  });
});

describe('a schema that gets stricter', () => {
  const path = pathOf('ratchets');
  const rules = [{ rule: '!self.name.startsWith("old")', message: 'no old names' }];

  it('leaves alone what an update does not change, and refuses what it does', async () => {
    const loose = {
      properties: { name: string, size: { type: 'integer' }, list: { type: 'array', items: string } },
    };
    await establish(
      aDefinition('ratchets', [
        version('v1', schemaOf({ properties: { inner: { type: 'object', ...loose }, other: string } })),
      ]),
    );
    const inner = { name: 'old-1', size: 7, list: ['x', 'x'] };
    await plane.create(path, {
      kind: 'ratchet',
      apiVersion: 'conformance.example.com/v1',
      metadata: { name: 'r' },
      spec: { inner },
    });
    const strict = {
      properties: {
        name: { type: 'string', pattern: '^new' },
        size: { type: 'integer', maximum: 5 },
        list: { type: 'array', items: { type: 'string', minLength: 2 } },
      },
      required: ['name', 'more'],
      'x-kubernetes-validations': rules,
    };
    strict.properties = { ...strict.properties, ...{ more: string } };
    await setSchema(
      'ratchets',
      schemaOf({ properties: { inner: { type: 'object', ...strict }, other: string } }),
    );
    expect((await plane.patch(`${path}/r`, { spec: { other: 'changed' } })).spec).toEqual({
      inner,
      other: 'changed',
    });
    const changed = await refusal('PATCH', `${path}/r`, { spec: { inner: { size: 8 } } });
    expect(changed.code).toBe(422);
    expect(changed.details.causes.map((cause: Json) => cause.field).sort()).toEqual([
      'spec.inner.more',
      'spec.inner.size',
    ]);
    const mended = await refusal('PATCH', `${path}/r`, { spec: { inner: { size: 5, more: 'yes' } } });
    expect(mended.message).toContain('no old names');
    await plane.patch(`${path}/r`, { spec: { inner: { name: 'new', size: 5, more: 'yes' } } });
    expect(
      (
        await refusal('POST', path, {
          kind: 'ratchet',
          apiVersion: 'conformance.example.com/v1',
          metadata: { name: 's' },
          spec: { inner },
        })
      ).code,
    ).toBe(422);
  });
});

describe('validation of fields', () => {
  const apiVersion = 'conformance.example.com/v1';

  it('takes what a kind without a schema is given', async () => {
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    await establish(aDefinition('opens', [version('v1', open)]));
    const object = {
      apiVersion,
      kind: 'open',
      metadata: { name: 'o' },
      spec: { anything: [1, { goes: true }] },
    };
    expect(await plane.create(`${pathOf('opens')}?fieldValidation=Strict`, object)).toMatchObject({
      spec: object.spec,
    });
  });

  it('refuses unknown fields of the object, its metadata and the metadata of what it embeds', async () => {
    const embedded = {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
    };
    await establish(
      aDefinition('stricts', [version('v1', schemaOf({ properties: { a: string, embedded } }))]),
    );
    const body = {
      apiVersion,
      kind: 'strict',
      metadata: { name: 's', unknownMeta: 1 },
      spec: {
        a: 'x',
        b: 'y',
        embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', unknownSubMeta: 1 } },
      },
    };
    const strict = await refusal('POST', pathOf('stricts'), body, '?fieldValidation=Strict');
    expect(strict.code).toBe(400);
    for (const field of ['metadata.unknownMeta', 'spec.b', 'spec.embedded.metadata.unknownSubMeta'])
      expect(strict.message).toContain(`unknown field "${field}"`);
    const warned = await plane.call(pathOf('stricts'), { method: 'POST', body });
    expect(warned.code).toBe(201);
    expect(String(warned.headers.warning)).toContain('unknown field \\"spec.b\\"');
    expect(warned.json().spec).not.toHaveProperty('b');
  });

  it('refuses unknown and duplicate fields of a built-in object and of its metadata', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    const body = '{"metadata":{"name":"u","unknownMeta":1},"data":{"a":"1","a":"2"},"extra":1}';
    const told = [
      'unknown field "metadata.unknownMeta"',
      'unknown field "extra"',
      'duplicate field "data.a"',
    ];
    const strict = await refusal('POST', path, body, '?fieldValidation=Strict');
    expect(strict).toMatchObject({ code: 400, reason: 'BadRequest' });
    for (const text of told) expect(strict.message).toContain(text);
    const warned = await plane.call(path, { method: 'POST', body });
    expect(warned.json().data).toEqual({ a: '2' });
    expect(String(warned.headers.warning)).toContain('duplicate field \\"data.a\\"');
    const silent = await plane.call(`${path}/u?fieldValidation=Ignore`, { method: 'PUT', body });
    expect([silent.code, silent.headers.warning]).toEqual([200, undefined]);
  });

  it('refuses duplicate fields of a custom object that keeps what it does not know', async () => {
    const body = `{"apiVersion":"${apiVersion}","kind":"open","metadata":{"name":"d"},"spec":{"free":1,"free":2}}`;
    const answer = await refusal('POST', pathOf('opens'), body, '?fieldValidation=Strict');
    expect(answer).toMatchObject({
      code: 400,
      message: expect.stringContaining('duplicate field "spec.free"'),
    });
  });
});

describe('OpenAPI', () => {
  const definitionsOf = async (group: string, name: string): Promise<Json> => {
    const { paths } = await plane.get('/openapi/v3');
    const entry = paths[`apis/${group}/${name}`];
    return entry === undefined ? {} : (await plane.get(entry.serverRelativeURL)).components.schemas;
  };

  it('has every served version of every kind, and no more', async () => {
    const group = 'open.example.com';
    const versions = [version('v1', schemaOf({})), version('v2', schemaOf({}))];
    await establish(aDefinition('firsts', versions, group));
    await establish(aDefinition('seconds', [version('v1', schemaOf({}))], group));
    expect(Object.keys(await definitionsOf(group, 'v1'))).toEqual(
      expect.arrayContaining(['com.example.open.v1.first', 'com.example.open.v1.second']),
    );
    expect(await definitionsOf(group, 'v2')).toHaveProperty(['com.example.open.v2.first']);
    const at = `${DEFINITIONS}/firsts.${group}`;
    const change = (field: string, value: unknown) =>
      plane.patch(
        at,
        [{ op: 'replace', path: `/spec/versions/1/${field}`, value }],
        'application/json-patch+json',
      );
    await change('name', 'v3');
    expect(await definitionsOf(group, 'v3')).toHaveProperty(['com.example.open.v3.first']);
    expect(await definitionsOf(group, 'v2')).toEqual({});
    await change('served', false);
    expect(await definitionsOf(group, 'v3')).toEqual({});
    expect((await plane.call(pathOf('firsts', group, 'v3'))).code).toBe(404);
  });
});

describe('aggregated discovery', () => {
  it('shows a kind as soon as it is served', async () => {
    await establish(aDefinition('founds', [version('v1', schemaOf({}))], 'found.example.com'));
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const groups = (await plane.call('/apis', { headers: { accept } })).json().items;
    expect(groups.find((item: Json) => item.metadata.name === 'found.example.com').versions).toMatchObject([
      { version: 'v1', resources: [{ resource: 'founds', scope: 'Namespaced' }] },
    ]);
  });
});
