import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';

const PODS = '/api/v1/namespaces/default/pods';
const MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

const aPod = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { containers: [{ name: 'main', image: 'busybox:1.36' }] },
  ...more,
});
const aDeployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'busybox:1.36' }] },
    },
  },
});
const aMap = (name: string, data: object = { a: '1' }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const create = (path: string, body: object) => api.call(path, { method: 'POST', body });
const patch = (path: string, type: string, body: unknown) =>
  api.call(path, { method: 'PATCH', body, headers: { 'content-type': `application/${type}+json` } });

describe('who may ask', () => {
  it.each(['/api/v1/pods', '/api', '/openapi/v3', '/nonsense'])(
    'refuses %s without credentials',
    async path => {
      const answer = await api.call(path, { anonymous: true });
      expect(answer.code).toBe(401);
      expect(answer.json()).toMatchObject({
        kind: 'Status',
        status: 'Failure',
        reason: 'Unauthorized',
        code: 401,
      });
    },
  );

  it('refuses a made-up token', async () => {
    const answer = await api.call('/api/v1/pods', {
      anonymous: true,
      headers: { authorization: 'Bearer dashboard.guess' },
    });
    expect(answer.code).toBe(401);
  });
});

describe('objects', () => {
  it('fills in identity and defaults, and keeps what the client may not say out', async () => {
    const body = aPod('defaults', {
      status: { phase: 'Running' },
      metadata: { name: 'defaults', uid: 'mine' },
    });
    const { code, json } = await create(PODS, body);
    expect(code).toBe(201);
    expect(json()).toMatchObject({
      metadata: {
        name: 'defaults',
        namespace: 'default',
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        generation: 1,
      },
      spec: {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        schedulerName: 'default-scheduler',
        containers: [{ imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log' }],
      },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
    expect(json().metadata.uid).not.toBe('mine');
  });

  it('makes names', async () => {
    const { json } = await create(MAPS, { ...aMap(''), metadata: { generateName: 'made-' } });
    expect(json().metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
  });

  it.each([
    [MAPS, aMap('Bad_Name'), 422, 'metadata.name'],
    [PODS, aPod('no-image', { spec: { containers: [{ name: 'main' }] } }), 422, 'spec.containers[0].image'],
    [PODS, aPod('no-containers', { spec: {} }), 422, 'spec.containers'],
    [
      PODS,
      aPod('bad-cpu', {
        spec: { containers: [{ name: 'c', image: 'i:1', resources: { requests: { cpu: 'lots' } } }] },
      }),
      400,
      'spec.containers[0].resources.requests.cpu',
    ],
    [
      PODS,
      aPod('over', {
        spec: {
          containers: [
            { name: 'c', image: 'i:1', resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
          ],
        },
      }),
      422,
      'spec.containers[0].resources.requests',
    ],
    [PODS, aPod('typed', { spec: { containers: 'many' } }), 400, 'spec.containers'],
    [
      PODS,
      aPod('mounts', {
        spec: {
          containers: [{ name: 'c', image: 'i:1', volumeMounts: [{ name: 'gone', mountPath: '/x' }] }],
        },
      }),
      422,
      'spec.containers[0].volumeMounts[0].name',
    ],
    [MAPS, { ...aMap('wrong-kind'), kind: 'Secret' }, 400, 'ConfigMap'],
    [
      MAPS,
      { ...aMap('elsewhere'), metadata: { name: 'elsewhere', namespace: 'kube-system' } },
      400,
      'namespace',
    ],
    ['/api/v1/namespaces/nowhere/configmaps', aMap('lost'), 404, 'namespaces "nowhere" not found'],
  ])('refuses a faulty object at %s (%#), naming the field', async (path, body, code, field) => {
    const answer = await create(path, body);
    expect(answer.code).toBe(code);
    expect(answer.json().message).toContain(field);
  });

  it('says unknown fields as asked', async () => {
    const body = { ...aMap('unknown'), bogus: 1 };
    const strict = await api.call(`${MAPS}?fieldValidation=Strict`, { method: 'POST', body });
    expect(strict.code).toBe(400);
    expect(strict.json().message).toContain('strict decoding error: unknown field "bogus"');
    const warned = await create(MAPS, body);
    expect(warned.headers.warning).toBe('299 - "unknown field \\"bogus\\""');
    expect(warned.json().bogus).toBeUndefined();
  });

  it('answers 409 to a second create and 404 to a read of nothing', async () => {
    await create(MAPS, aMap('twice'));
    expect((await create(MAPS, aMap('twice'))).json()).toMatchObject({
      reason: 'AlreadyExists',
      message: 'configmaps "twice" already exists',
    });
    expect((await api.call(`${MAPS}/none`)).json()).toMatchObject({
      reason: 'NotFound',
      message: 'configmaps "none" not found',
    });
  });

  it('replaces by compare-and-set, and writes nothing when nothing changed', async () => {
    const first = (await create(MAPS, aMap('cas'))).json();
    const put = (object: object) => api.call(`${MAPS}/cas`, { method: 'PUT', body: object });
    expect((await put(first)).json().metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const second = (await put({ ...first, data: { a: '2' } })).json();
    expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
    const stale = await put({ ...first, data: { a: '3' } });
    expect(stale.json()).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: expect.stringContaining('the object has been modified'),
    });
    const { resourceVersion: _any, ...unversioned } = first.metadata;
    expect((await put({ ...first, metadata: unversioned, data: { a: '4' } })).json().data).toEqual({
      a: '4',
    });
  });

  it('splits spec from status, and counts generations by spec alone', async () => {
    const made = (await create(DEPLOYMENTS, aDeployment('split'))).json();
    const status = await api.call(`${DEPLOYMENTS}/split/status`, {
      method: 'PUT',
      body: { ...made, spec: { ...made.spec, replicas: 9 }, status: { replicas: 1 } },
    });
    expect(status.json()).toMatchObject({
      spec: { replicas: 1 },
      status: { replicas: 1 },
      metadata: { generation: 1 },
    });
    const spec = await patch(`${DEPLOYMENTS}/split`, 'merge-patch', {
      spec: { replicas: 2 },
      status: { replicas: 7 },
    });
    expect(spec.json()).toMatchObject({
      spec: { replicas: 2 },
      status: { replicas: 1 },
      metadata: { generation: 2 },
    });
  });

  it('does nothing on a dry run', async () => {
    const answer = await api.call(`${MAPS}?dryRun=All`, { method: 'POST', body: aMap('dry') });
    expect(answer.code).toBe(201);
    expect((await api.call(`${MAPS}/dry`)).code).toBe(404);
  });

  it('keeps stringData of a secret as data, and old types', async () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'words' },
      stringData: { word: 'sesame' },
    };
    const { json } = await create('/api/v1/namespaces/default/secrets', secret);
    expect(json()).toMatchObject({ type: 'Opaque', data: { word: 'c2VzYW1l' } });
    expect(json().stringData).toBeUndefined();
  });
});

describe('patches', () => {
  it('strategic: merges containers by name, deletes by directive', async () => {
    await create(DEPLOYMENTS, aDeployment('strategic'));
    const containers = [
      { name: 'side', image: 'busybox:1.36' },
      { name: 'main', env: [{ name: 'A', value: '1' }] },
    ];
    const patched = (
      await patch(`${DEPLOYMENTS}/strategic`, 'strategic-merge-patch', {
        spec: { template: { spec: { containers } } },
      })
    ).json();
    // In the order of the patch, as kubectl's own result has it.
    expect(patched.spec.template.spec.containers).toMatchObject([
      { name: 'side' },
      { name: 'main', image: 'busybox:1.36', env: [{ name: 'A', value: '1' }] },
    ]);
    const removal = { spec: { template: { spec: { containers: [{ name: 'side', $patch: 'delete' }] } } } };
    const shrunk = (await patch(`${DEPLOYMENTS}/strategic`, 'strategic-merge-patch', removal)).json();
    expect(shrunk.spec.template.spec.containers).toHaveLength(1);
  });

  it('JSON patch: applies, tests, and refuses what does not apply', async () => {
    await create(MAPS, aMap('json-patched'));
    const path = `${MAPS}/json-patched`;
    const done = await patch(path, 'json-patch', [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'add', path: '/data/b', value: '2' },
    ]);
    expect(done.json().data).toEqual({ a: '1', b: '2' });
    expect((await patch(path, 'json-patch', [{ op: 'test', path: '/data/a', value: 'x' }])).code).toBe(422);
    expect((await patch(path, 'json-patch', [{ op: 'fly', path: '/data' }])).code).toBe(400);
    expect(
      (await patch(path, 'json-patch', [{ op: 'add', path: '/__proto__/polluted', value: '1' }])).code,
    ).toBe(422);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('refuses a selector change and a patch with an old resourceVersion', async () => {
    const made = (await create(DEPLOYMENTS, aDeployment('fixed'))).json();
    const selector = await patch(`${DEPLOYMENTS}/fixed`, 'merge-patch', {
      spec: { selector: { matchLabels: { app: 'other' } } },
    });
    expect(selector.json()).toMatchObject({ code: 422, message: expect.stringContaining('spec.selector') });
    await patch(`${DEPLOYMENTS}/fixed`, 'merge-patch', { spec: { replicas: 3 } });
    const stale = await patch(`${DEPLOYMENTS}/fixed`, 'merge-patch', {
      metadata: { resourceVersion: made.metadata.resourceVersion },
      spec: { replicas: 4 },
    });
    expect(stale.code).toBe(409);
  });

  it('scales', async () => {
    await create(DEPLOYMENTS, aDeployment('scaled'));
    const scaled = await patch(`${DEPLOYMENTS}/scaled/scale`, 'merge-patch', { spec: { replicas: 5 } });
    expect(scaled.json()).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 5 },
      status: { selector: 'app=scaled' },
    });
    const put = await api.call(`${DEPLOYMENTS}/scaled/scale`, {
      method: 'PUT',
      body: { ...scaled.json(), spec: { replicas: 2 } },
    });
    expect(put.json().spec.replicas).toBe(2);
    expect((await api.call(`${DEPLOYMENTS}/scaled`)).json().spec.replicas).toBe(2);
    expect((await patch(`${DEPLOYMENTS}/scaled/scale`, 'merge-patch', { spec: { replicas: -1 } })).code).toBe(
      422,
    );
  });
});

describe('deletion', () => {
  it('waits for finalizers', async () => {
    await create(MAPS, {
      ...aMap('finalized'),
      metadata: { name: 'finalized', finalizers: ['example.com/mine'] },
    });
    const deleted = await api.call(`${MAPS}/finalized`, { method: 'DELETE' });
    expect(deleted.json().metadata.deletionTimestamp).toBeDefined();
    expect((await api.call(`${MAPS}/finalized`)).code).toBe(200);
    await patch(`${MAPS}/finalized`, 'merge-patch', { metadata: { finalizers: null } });
    expect((await api.call(`${MAPS}/finalized`)).code).toBe(404);
  });

  it('removes an unbound pod at once, and gives a bound one its grace period', async () => {
    await create(PODS, aPod('unbound'));
    await api.call(`${PODS}/unbound`, { method: 'DELETE' });
    expect((await api.call(`${PODS}/unbound`)).code).toBe(404);
    await create(PODS, aPod('bound'));
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'bound' },
      target: { kind: 'Node', name: 'pi-1' },
    };
    expect((await create(`${PODS}/bound/binding`, binding)).code).toBe(201);
    expect((await create(`${PODS}/bound/binding`, binding)).code).toBe(409);
    const marked = await api.call(`${PODS}/bound`, { method: 'DELETE', body: { gracePeriodSeconds: 5 } });
    expect(marked.json().metadata).toMatchObject({ deletionGracePeriodSeconds: 5 });
    await api.call(`${PODS}/bound?gracePeriodSeconds=0`, { method: 'DELETE' });
    expect((await api.call(`${PODS}/bound`)).code).toBe(404);
  });

  it('refuses another object of the same name', async () => {
    await create(MAPS, aMap('other'));
    const refused = await api.call(`${MAPS}/other`, {
      method: 'DELETE',
      body: { preconditions: { uid: 'gone' } },
    });
    expect(refused.code).toBe(409);
  });

  it('deletes a collection by selector', async () => {
    for (const name of ['one', 'two'])
      await create(MAPS, { ...aMap(name), metadata: { name, labels: { batch: 'x' } } });
    const answer = await api.call(`${MAPS}?labelSelector=batch%3Dx`, { method: 'DELETE' });
    expect(answer.json().items).toHaveLength(2);
    expect((await api.call(`${MAPS}?labelSelector=batch%3Dx`)).json().items).toHaveLength(0);
  });
});

describe('lists and watches', () => {
  it('pages through one snapshot', async () => {
    for (const name of ['p1', 'p2', 'p3'])
      await create(MAPS, { ...aMap(name), metadata: { name, labels: { page: 'y' } } });
    const first = (await api.call(`${MAPS}?labelSelector=page&limit=2`)).json();
    expect(first.metadata).toMatchObject({ remainingItemCount: 1, continue: expect.any(String) });
    await create(MAPS, { ...aMap('p4'), metadata: { name: 'p4', labels: { page: 'y' } } });
    const second = (
      await api.call(`${MAPS}?labelSelector=page&limit=2&continue=${first.metadata.continue}`)
    ).json();
    expect(second.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['p3']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect((await api.call(`${MAPS}?continue=rubbish`)).code).toBe(400);
  });

  it('selects by field, and refuses fields it does not know', async () => {
    await create(
      PODS,
      aPod('by-field', { spec: { nodeName: 'pi-9', containers: [{ name: 'c', image: 'i:1' }] } }),
    );
    const found = (await api.call('/api/v1/pods?fieldSelector=spec.nodeName%3Dpi-9')).json();
    expect(found.items).toHaveLength(1);
    expect((await api.call('/api/v1/pods?fieldSelector=spec.mood%3Dgood')).json().message).toContain(
      'field label not supported: spec.mood',
    );
  });

  it('compresses what is large, for who can read it', async () => {
    await create(MAPS, aMap('large', { blob: 'x'.repeat(200 * 1024) }));
    const plain = await api.call(`${MAPS}/large`);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const packed = await api.call(`${MAPS}/large`, { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(Number(packed.headers['content-length'])).toBeLessThan(10_000);
  });

  it('prints tables', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const table = (
      await api.call('/api/v1/pods?fieldSelector=spec.nodeName%3Dpi-9', { headers: { accept } })
    ).json();
    expect(table.kind).toBe('Table');
    expect(table.columnDefinitions.map((column: { name: string }) => column.name)).toEqual([
      'Name',
      'Ready',
      'Status',
      'Restarts',
      'Age',
      'IP',
      'Node',
      'Nominated Node',
      'Readiness Gates',
    ]);
    expect(table.rows[0].cells.slice(0, 4)).toEqual(['by-field', '0/1', 'Pending', '0']);
  });

  it('watches from a revision: what enters the selection is added, what leaves it is deleted', async () => {
    const start = (await api.call(`${MAPS}?limit=1`)).json().metadata.resourceVersion;
    await create(MAPS, { ...aMap('seen'), metadata: { name: 'seen', labels: { w: '1' } } });
    await patch(`${MAPS}/seen`, 'merge-patch', { data: { a: '2' } });
    await patch(`${MAPS}/seen`, 'merge-patch', { metadata: { labels: { w: '2' } } });
    const { text } = await api.call(
      `${MAPS}?watch=true&labelSelector=w%3D1&resourceVersion=${start}&timeoutSeconds=1`,
    );
    const events = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(events.map(event => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  it('starts a watch with what is there, and says when that is done', async () => {
    const query =
      'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1&labelSelector=page';
    const { text } = await api.call(`${MAPS}?${query}`);
    const events = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(events.slice(0, 5).map(event => event.type)).toEqual([
      'ADDED',
      'ADDED',
      'ADDED',
      'ADDED',
      'BOOKMARK',
    ]);
    expect(events[4].object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });
});

describe('hostile requests', () => {
  it.each([
    ['POST', MAPS, '{', 400],
    ['POST', MAPS, '[]', 400],
    ['POST', MAPS, 'null', 400],
    [
      'POST',
      MAPS,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","labels":{"__proto__":"1"}}}',
      422,
    ],
    ['POST', MAPS, `${'['.repeat(20_000)}${']'.repeat(20_000)}`, 400],
    ['POST', `${MAPS}?dryRun=Some`, '{}', 400],
    ['POST', `${MAPS}?fieldValidation=Perhaps`, '{}', 400],
    ['GET', '/api/v1/namespaces/default/pods/%zz', undefined, 404],
    ['GET', '/api/v1/pods?labelSelector=%3D%3D%3D', undefined, 400],
    ['GET', '/api/v1/pods?limit=-1', undefined, 400],
    ['GET', '/api/v1/pods?resourceVersion=abc', undefined, 400],
    ['GET', '/api/v1/pods?watch=1&resourceVersion=99999999', undefined, 504],
    ['DELETE', '/api/v1/namespaces/default/configmaps/a', '{"propagationPolicy":"Sideways"}', 400],
    ['PATCH', '/api/v1/namespaces/default/pods', '{}', 405],
    ['BREW', '/api/v1/pods', undefined, 400],
    ['GET', '/apis/apps/v1/nonsense', undefined, 404],
    ['GET', '//', undefined, 400],
  ])('%s %s (%#) is answered, not survived', async (method, path, body, code) => {
    const answer = await api.call(path, { method, body });
    expect(answer.code).toBe(code);
    if (code >= 400 && answer.text !== '') expect(answer.json().kind).toBe('Status');
    expect((await api.call('/readyz')).code).toBe(200);
  });

  it('refuses a body past the bound', async () => {
    const answer = await create(MAPS, aMap('big', { blob: 'x'.repeat(4 * 1024 * 1024) })).catch(
      (error: Error) => error,
    );
    if (answer instanceof Error) expect(answer.message).toMatch(/EPIPE|ECONNRESET/);
    else expect(answer.code).toBe(413);
    expect((await api.call('/readyz')).code).toBe(200);
  });

  it('takes neither JSON for protobuf nor CBOR for anything', async () => {
    const post = (contentType: string) =>
      api.call(MAPS, { method: 'POST', body: aMap('x'), headers: { 'content-type': contentType } });
    expect((await post('application/vnd.kubernetes.protobuf')).code).toBe(400);
    expect((await post('application/cbor')).code).toBe(415);
  });
});

describe('discovery', () => {
  it('lists resources in both forms', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const answer = await api.call('/apis', { headers: { accept } });
    expect(answer.headers['content-type']).toBe(accept);
    const groups = answer.json().items.map((item: { metadata: { name: string } }) => item.metadata.name);
    expect(new Set(groups).size).toBe(groups.length);
    expect(groups).toEqual(
      expect.arrayContaining(['coordination.k8s.io', 'apps', 'batch', 'metrics.k8s.io']),
    );
    const plain = (await api.call('/apis/apps/v1')).json();
    expect(plain.resources.map((resource: { name: string }) => resource.name)).toContain('deployments/scale');
    expect((await api.call('/api')).json().versions).toEqual(['v1']);
  });

  it('serves OpenAPI with merge keys and fieldValidation', async () => {
    const { paths } = (await api.call('/openapi/v3')).json();
    const document = (await api.call(paths['apis/apps/v1'].serverRelativeURL)).json();
    expect(document.components.schemas['io.k8s.api.core.v1.PodSpec'].properties.containers).toMatchObject({
      'x-kubernetes-patch-merge-key': 'name',
    });
    const operation = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'].patch;
    expect(operation.parameters.map((parameter: { name: string }) => parameter.name)).toContain(
      'fieldValidation',
    );
  });
});
