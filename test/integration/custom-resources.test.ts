/** Custom resources over HTTPS: a real API server, registry, watch cache and controllers over a store in memory. */
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startControllers } from '../../master/controllers/start.ts';
import { systemClock } from '../../shared/clock.ts';
import { type Answer, type Json, startTestApi, type TestApi } from '../support/api.ts';
import { aCronTab, crontabDefinition, crontabVersion } from '../support/crontab.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const CRONTABS = '/apis/stable.example.com/v1/namespaces/default/crontabs';
const MERGE = { 'content-type': 'application/merge-patch+json' };

let api: TestApi;
let controllers: Promise<void>;
const stopped = new AbortController();

beforeAll(async () => {
  api = await startTestApi();
  controllers = startControllers(
    {
      view: api.cache,
      registry: api.registry,
      clock: systemClock,
      logger: pino({ level: 'silent' }),
      random: Math.random,
      caPem: 'ca',
      usage: { podUsage: () => undefined },
    },
    stopped.signal,
  );
});
afterAll(async () => {
  stopped.abort();
  await controllers;
  await api.stop();
});

const post = (path: string, body: Json) => api.call(path, { method: 'POST', body });
const put = (path: string, body: Json) => api.call(path, { method: 'PUT', body });
const patch = (path: string, body: Json, headers: Record<string, string> = MERGE) =>
  api.call(path, { method: 'PATCH', body, headers });

/** The definition, once the view shows it so. */
async function definitionWhen(name: string, isSo: (definition: Json) => boolean): Promise<Json> {
  return await new Promise(resolve => {
    const look = () => {
      const definition = api.cache.get('CustomResourceDefinition', { name });
      if (!isSo(definition)) return;
      unsubscribe();
      resolve(definition);
    };
    const unsubscribe = api.cache.onChange(look);
    look();
  });
}

const condition = (definition: Json, type: string) =>
  definition?.status?.conditions?.find((each: Json) => each.type === type);

async function establish(definition: Json): Promise<Json> {
  expect((await post(DEFINITIONS, definition)).code).toBe(201);
  return await definitionWhen(
    definition.metadata.name,
    now => condition(now, 'Established')?.status === 'True',
  );
}

function refusal(answer: Answer): string {
  expect(answer.code).toBe(422);
  return answer.json().message;
}

describe('a definition', () => {
  it('is refused with the path of each fault', async () => {
    const answer = await post(
      DEFINITIONS,
      crontabDefinition({
        conversion: { strategy: 'Webhook' },
        versions: [
          crontabVersion('v1', {
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', properties: { spec: { properties: {} } } } },
          }),
        ],
        scope: 'Everywhere',
      }),
    );
    expect(refusal(answer)).toBe(
      'CustomResourceDefinition.apiextensions.k8s.io "crontabs.stable.example.com" is invalid: [' +
        'spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced", ' +
        'spec.versions[0].schema.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields, ' +
        'spec.versions[0].selectableFields[0].jsonPath: Invalid value: ".spec.color": is an invalid path: does not refer to a valid field, ' +
        'spec.conversion.strategy: Unsupported value: "Webhook": conversion webhooks are not served, supported values: "None"]',
    );
  });

  it('is not served before it is established, and at once afterwards', async () => {
    expect((await post(CRONTABS, aCronTab('early'))).code).toBe(404);
    const definition = await establish(crontabDefinition());
    expect(definition.status.acceptedNames).toEqual({
      plural: 'crontabs',
      singular: 'crontab',
      kind: 'CronTab',
      listKind: 'CronTabList',
      shortNames: ['ct'],
      categories: ['all'],
    });
    expect(definition.status.storedVersions).toEqual(['v1']);
    expect(condition(definition, 'NamesAccepted')).toMatchObject({ status: 'True', reason: 'NoConflicts' });
    expect((await post(CRONTABS, aCronTab('first', { replicas: 3, color: 'red' }))).code).toBe(201);
  });

  it('loses names that another one holds', async () => {
    const rival = crontabDefinition();
    rival.metadata.name = 'tabs.stable.example.com';
    rival.spec.names = { plural: 'tabs', kind: 'Tab', shortNames: ['ct'] };
    expect((await post(DEFINITIONS, rival)).code).toBe(201);
    const settled = await definitionWhen(
      'tabs.stable.example.com',
      now => condition(now, 'Established') !== undefined,
    );
    expect(condition(settled, 'NamesAccepted')).toMatchObject({
      status: 'False',
      reason: 'ShortNamesConflict',
      message: '"ct" is already in use',
    });
    expect(condition(settled, 'Established')).toMatchObject({ status: 'False', reason: 'NotAccepted' });
    expect((await api.call('/apis/stable.example.com/v1/tabs')).code).toBe(404);
    await api.call(`${DEFINITIONS}/tabs.stable.example.com`, { method: 'DELETE' });
    await definitionWhen('tabs.stable.example.com', now => now === undefined);
  });

  it('may not drop a version that objects were stored in', async () => {
    const target = `${DEFINITIONS}/crontabs.stable.example.com`;
    const changed = await patch(target, { spec: { versions: [crontabVersion('v2', { storage: true })] } });
    expect(refusal(changed)).toContain(
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions',
    );
    const strategic = await patch(
      target,
      { spec: {} },
      { 'content-type': 'application/strategic-merge-patch+json' },
    );
    expect(strategic.code).toBe(200);
  });
});

describe('a custom object', () => {
  it('gets defaults, loses unknown fields, and is told of them', async () => {
    const warned = await post(CRONTABS, {
      ...aCronTab('pruned', { bogus: 1, free: { any: { thing: true } }, port: 'http' }),
      status: { replicas: 5 },
    });
    expect(warned.headers.warning).toBe('299 - "unknown field \\"spec.bogus\\""');
    expect(warned.json().spec).toEqual({
      cronSpec: '* * * * */5',
      image: 'busybox',
      free: { any: { thing: true } },
      port: 'http',
    });
    expect(warned.json()).not.toHaveProperty('status');
    const strict = await post(`${CRONTABS}?fieldValidation=Strict`, aCronTab('strict', { bogus: 1 }));
    expect(strict.code).toBe(400);
    expect(strict.json().message).toContain('strict decoding error: unknown field "spec.bogus"');
  });

  it.each([
    [
      'a type',
      { replicas: 'many' },
      'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
    ],
    [
      'a bound',
      { replicas: 11 },
      'spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10',
    ],
    [
      'an enum',
      { color: 'green' },
      'spec.color: Unsupported value: "green": supported values: "red", "blue"',
    ],
    [
      'a pattern',
      { cronSpec: 'often' },
      String.raw`spec.cronSpec: Invalid value: "often": spec.cronSpec in body should match '^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$'`,
    ],
    ['a map', { ports: [{ name: 'a' }, { name: 'a' }] }, 'spec.ports[1]: Duplicate value: {"name":"a"}'],
    ['a rule', { replicas: 7 }, 'spec: Invalid value: "object": seven is not a number of replicas'],
  ])('is refused for %s', async (_, spec, want) => {
    const answer = await post(CRONTABS, aCronTab('faulty', spec));
    expect(refusal(answer)).toBe(`CronTab.stable.example.com "faulty" is invalid: ${want}`);
  });

  it('must name what is required', async () => {
    const answer = await post(CRONTABS, { ...aCronTab('bare'), spec: {} });
    expect(refusal(answer)).toContain('spec.cronSpec: Required value');
  });

  it('obeys transition rules', async () => {
    const answer = await patch(`${CRONTABS}/first`, { spec: { color: 'blue' } });
    expect(refusal(answer)).toContain('spec: Invalid value: "object": color is immutable');
  });

  it('takes JSON and merge patches, and no strategic ones', async () => {
    const before = (await api.call(`${CRONTABS}/first`)).json();
    const merged = await patch(`${CRONTABS}/first`, { spec: { image: 'new' } });
    expect(merged.json().spec.image).toBe('new');
    expect(merged.json().metadata.generation).toBe(before.metadata.generation + 1);
    const json = await patch(`${CRONTABS}/first`, [{ op: 'replace', path: '/spec/image', value: 'newer' }], {
      'content-type': 'application/json-patch+json',
    });
    expect(json.json().spec.image).toBe('newer');
    const strategic = await patch(
      `${CRONTABS}/first`,
      {},
      { 'content-type': 'application/strategic-merge-patch+json' },
    );
    expect(strategic.code).toBe(415);
    expect(strategic.json().message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  });

  it('is applied by several, each with elements of a list of their own', async () => {
    const apply = (manager: string, name: string, number: number) =>
      patch(`${CRONTABS}/shared?fieldManager=${manager}`, aCronTab('shared', { ports: [{ name, number }] }), {
        'content-type': 'application/apply-patch+yaml',
      });
    expect((await apply('one', 'http', 80)).code).toBe(201);
    expect((await apply('two', 'https', 443)).json().spec.ports).toEqual([
      { name: 'http', number: 80 },
      { name: 'https', number: 443 },
    ]);
    const clash = await apply('two', 'http', 8080);
    expect([clash.code, clash.json().details.causes[0].field]).toEqual([
      409,
      '.spec.ports[name="http"].number',
    ]);
    await api.call(`${CRONTABS}/shared`, { method: 'DELETE' });
  });

  it('keeps its status apart, and checks it', async () => {
    const before = (await api.call(`${CRONTABS}/first`)).json();
    const faulty = await patch(`${CRONTABS}/first/status`, { status: { replicas: 'x' } });
    expect(refusal(faulty)).toContain('status.replicas in body must be of type integer');
    const said = await patch(`${CRONTABS}/first/status`, {
      spec: { image: 'ignored' },
      status: { replicas: 2, labelSelector: 'a=b' },
    });
    expect(said.json().status).toEqual({ replicas: 2, labelSelector: 'a=b' });
    expect(said.json().spec).toEqual(before.spec);
    expect(said.json().metadata.generation).toBe(before.metadata.generation);
    const replaced = await put(`${CRONTABS}/first`, { ...said.json(), status: { replicas: 9 } });
    expect(replaced.json().status.replicas).toBe(2);
  });

  it('is scaled', async () => {
    const scale = (await api.call(`${CRONTABS}/first/scale`)).json();
    expect(scale).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 3 },
      status: { replicas: 2, selector: 'a=b' },
    });
    expect((await patch(`${CRONTABS}/first/scale`, { spec: { replicas: 5 } })).json().spec.replicas).toBe(5);
    expect((await api.call(`${CRONTABS}/first`)).json().spec.replicas).toBe(5);
    expect(refusal(await patch(`${CRONTABS}/first/scale`, { spec: { replicas: 50 } }))).toContain(
      'spec.replicas',
    );
    const applied = await api.call(`${CRONTABS}/first/scale?fieldManager=sizer&force=true`, {
      method: 'PATCH',
      body: { apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas: 5 } },
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
    expect(applied.json().spec).toEqual({ replicas: 5 });
    expect((await api.call(`${CRONTABS}/first`)).json().metadata.managedFields).toContainEqual(
      expect.objectContaining({
        ...{
          manager: 'sizer',
          operation: 'Apply',
          subresource: 'scale',
          apiVersion: 'stable.example.com/v1',
        },
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      }),
    );
  });

  it('shows the columns of its definition, and is selected by its fields', async () => {
    const table = (
      await api.call(`${CRONTABS}?fieldSelector=spec.color%3Dred`, {
        headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      })
    ).json();
    expect(table.columnDefinitions.map(({ name, type }: Json) => [name, type])).toEqual([
      ['Name', 'string'],
      ['Spec', 'string'],
      ['Replicas', 'integer'],
      ['Age', 'date'],
    ]);
    expect(table.rows.map(({ cells }: Json) => cells.slice(0, 3))).toEqual([['first', '* * * * */5', 5]]);
    expect((await api.call(`${CRONTABS}?fieldSelector=spec.image%3Dx`)).code).toBe(400);
  });

  it('is served in every version, and stored in one', async () => {
    const old = CRONTABS.replace('v1', 'v1beta1');
    const read = await api.call(`${old}/first`);
    expect(read.json().apiVersion).toBe('stable.example.com/v1beta1');
    const patched = await patch(`${old}/first`, { spec: { image: 'by-beta' } });
    expect(patched.headers.warning).toBe('299 - "stable.example.com/v1beta1 CronTab is deprecated"');
    expect(patched.json().apiVersion).toBe('stable.example.com/v1beta1');
    expect(
      api.cache.get('crontabs.stable.example.com', { namespace: 'default', name: 'first' }),
    ).toMatchObject({
      apiVersion: 'stable.example.com/v1',
      spec: { image: 'by-beta' },
    });
    const list = (await api.call(old)).json();
    expect(list.items.every((item: Json) => item.apiVersion === 'stable.example.com/v1beta1')).toBe(true);
    expect(list.kind).toBe('CronTabList');
  });
});

describe('clients find it', () => {
  it('in discovery', async () => {
    const group = (await api.call('/apis/stable.example.com')).json();
    expect(group.preferredVersion.version).toBe('v1');
    expect(group.versions.map(({ version }: Json) => version)).toEqual(['v1', 'v1beta1']);
    const resources = (await api.call('/apis/stable.example.com/v1')).json().resources;
    expect(resources.map(({ name }: Json) => name)).toEqual([
      'crontabs',
      'crontabs/status',
      'crontabs/scale',
    ]);
    expect(resources[0]).toMatchObject({ kind: 'CronTab', shortNames: ['ct'], categories: ['all'] });
    const aggregated = (
      await api.call('/apis', {
        headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
      })
    ).json();
    const found = aggregated.items.find(({ metadata }: Json) => metadata.name === 'stable.example.com');
    expect(found.versions.map(({ version }: Json) => version)).toEqual(['v1', 'v1beta1']);
  });

  it('in OpenAPI', async () => {
    expect((await api.call('/openapi/v3')).json().paths).toHaveProperty(['apis/stable.example.com/v1']);
    const document = (await api.call('/openapi/v3/apis/stable.example.com/v1')).json();
    const definition = document.components.schemas['com.example.stable.v1.CronTab'];
    expect(definition.properties.spec.properties.image.description).toBe('What runs.');
    expect(definition['x-kubernetes-group-version-kind']).toEqual([
      { group: 'stable.example.com', version: 'v1', kind: 'CronTab' },
    ]);
  });
});

describe('a definition that is deleted', () => {
  it('waits for its objects, admits no new one, and takes its kind along', async () => {
    await patch(`${CRONTABS}/first`, { metadata: { finalizers: ['example.com/hold'] } });
    const watching = api.call(`${CRONTABS}?watch=true&timeoutSeconds=60`);
    await api.call(`${DEFINITIONS}/crontabs.stable.example.com`, { method: 'DELETE' });
    await definitionWhen(
      'crontabs.stable.example.com',
      now =>
        condition(now, 'Terminating')?.status === 'True' &&
        api.cache.list('crontabs.stable.example.com').length === 1,
    );
    expect((await post(CRONTABS, aCronTab('late'))).code).toBe(405);
    expect((await api.call(`${CRONTABS}/first`)).json().metadata.deletionTimestamp).toBeTruthy();
    await patch(`${CRONTABS}/first`, { metadata: { finalizers: null } });
    await definitionWhen('crontabs.stable.example.com', now => now === undefined);
    expect((await api.call(CRONTABS)).code).toBe(404);
    expect((await api.call('/apis/stable.example.com')).code).toBe(404);
    expect((await watching).text).toContain('"type":"DELETED"');
  });
});
