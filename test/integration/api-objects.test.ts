import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';
import {
  CONFIG_MAPS,
  configMapManifest,
  DEPLOYMENTS,
  deploymentManifest,
  PODS,
  podManifest,
} from '../support/manifests.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const create = (path: string, body: object) => api.call(path, { method: 'POST', body });
const patch = (path: string, type: string, body: unknown) =>
  api.call(path, { method: 'PATCH', body, headers: { 'content-type': `application/${type}+json` } });

describe('objects', () => {
  it('fills in identity and defaults, and keeps what the client may not say out', async () => {
    const body = podManifest('defaults', {
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
    const { json } = await create(CONFIG_MAPS, {
      ...configMapManifest(''),
      metadata: { generateName: 'made-' },
    });
    expect(json().metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
  });

  it.each([
    [CONFIG_MAPS, configMapManifest('Bad_Name'), 422, 'metadata.name'],
    [
      PODS,
      podManifest('no-image', { spec: { containers: [{ name: 'main' }] } }),
      422,
      'spec.containers[0].image',
    ],
    [PODS, podManifest('no-containers', { spec: {} }), 422, 'spec.containers'],
    [
      PODS,
      podManifest('bad-cpu', {
        spec: { containers: [{ name: 'c', image: 'i:1', resources: { requests: { cpu: 'lots' } } }] },
      }),
      400,
      'spec.containers[0].resources.requests.cpu',
    ],
    [
      PODS,
      podManifest('over', {
        spec: {
          containers: [
            { name: 'c', image: 'i:1', resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
          ],
        },
      }),
      422,
      'spec.containers[0].resources.requests',
    ],
    [PODS, podManifest('typed', { spec: { containers: 'many' } }), 400, 'spec.containers'],
    [
      PODS,
      podManifest('mounts', {
        spec: {
          containers: [{ name: 'c', image: 'i:1', volumeMounts: [{ name: 'gone', mountPath: '/x' }] }],
        },
      }),
      422,
      'spec.containers[0].volumeMounts[0].name',
    ],
    [CONFIG_MAPS, { ...configMapManifest('wrong-kind'), kind: 'Secret' }, 400, 'ConfigMap'],
    [
      CONFIG_MAPS,
      { ...configMapManifest('elsewhere'), metadata: { name: 'elsewhere', namespace: 'kube-system' } },
      400,
      'namespace',
    ],
    [
      '/api/v1/namespaces/nowhere/configmaps',
      configMapManifest('lost'),
      404,
      'namespaces "nowhere" not found',
    ],
  ])('refuses a faulty object at %s (%#), naming the field', async (path, body, code, field) => {
    const answer = await create(path, body);
    expect(answer.code).toBe(code);
    expect(answer.json().message).toContain(field);
  });

  it('says unknown fields as asked', async () => {
    const body = { ...configMapManifest('unknown'), bogus: 1 };
    const strict = await api.call(`${CONFIG_MAPS}?fieldValidation=Strict`, { method: 'POST', body });
    expect(strict.code).toBe(400);
    expect(strict.json().message).toContain('strict decoding error: unknown field "bogus"');
    const warned = await create(CONFIG_MAPS, body);
    expect(warned.headers.warning).toBe('299 - "unknown field \\"bogus\\""');
    expect(warned.json().bogus).toBeUndefined();
  });

  it('answers 409 to a second create and 404 to a read of nothing', async () => {
    await create(CONFIG_MAPS, configMapManifest('twice'));
    expect((await create(CONFIG_MAPS, configMapManifest('twice'))).json()).toMatchObject({
      reason: 'AlreadyExists',
      message: 'configmaps "twice" already exists',
    });
    expect((await api.call(`${CONFIG_MAPS}/none`)).json()).toMatchObject({
      reason: 'NotFound',
      message: 'configmaps "none" not found',
    });
  });

  it('replaces by compare-and-set, and writes nothing when nothing changed', async () => {
    const first = (await create(CONFIG_MAPS, configMapManifest('cas'))).json();
    const put = (object: object) => api.call(`${CONFIG_MAPS}/cas`, { method: 'PUT', body: object });
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
    const made = (await create(DEPLOYMENTS, deploymentManifest('split'))).json();
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
    const answer = await api.call(`${CONFIG_MAPS}?dryRun=All`, {
      method: 'POST',
      body: configMapManifest('dry'),
    });
    expect(answer.code).toBe(201);
    expect((await api.call(`${CONFIG_MAPS}/dry`)).code).toBe(404);
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
    await create(DEPLOYMENTS, deploymentManifest('strategic'));
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
    await create(CONFIG_MAPS, configMapManifest('json-patched'));
    const path = `${CONFIG_MAPS}/json-patched`;
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
    const made = (await create(DEPLOYMENTS, deploymentManifest('fixed'))).json();
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
    await create(DEPLOYMENTS, deploymentManifest('scaled'));
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
    await create(CONFIG_MAPS, {
      ...configMapManifest('finalized'),
      metadata: { name: 'finalized', finalizers: ['example.com/mine'] },
    });
    const deleted = await api.call(`${CONFIG_MAPS}/finalized`, { method: 'DELETE' });
    expect(deleted.json().metadata.deletionTimestamp).toBeDefined();
    expect((await api.call(`${CONFIG_MAPS}/finalized`)).code).toBe(200);
    await patch(`${CONFIG_MAPS}/finalized`, 'merge-patch', { metadata: { finalizers: null } });
    expect((await api.call(`${CONFIG_MAPS}/finalized`)).code).toBe(404);
  });

  it('binds a pod that the path or the body names', async () => {
    const bindings = '/api/v1/namespaces/default/bindings';
    const aBinding = (name?: string) => ({ metadata: { name }, target: { kind: 'Node', name: 'pi-1' } });
    await create(PODS, podManifest('named'));
    expect((await create(bindings, aBinding())).json()).toMatchObject({
      code: 422,
      message: 'Binding "" is invalid: metadata.name: Required value',
    });
    expect((await create(`${PODS}/named/binding`, aBinding('other'))).json()).toMatchObject({
      code: 400,
      message: 'name in URL does not match name in Binding object',
    });
    expect((await create(bindings, aBinding('named'))).code).toBe(201);
    expect((await api.call(`${PODS}/named`)).json().spec.nodeName).toBe('pi-1');
    expect((await api.call(bindings)).code).toBe(405);
    await api.call(`${PODS}/named?gracePeriodSeconds=0`, { method: 'DELETE' });
  });

  it('removes an unbound pod at once, and gives a bound one its grace period', async () => {
    await create(PODS, podManifest('unbound'));
    await api.call(`${PODS}/unbound`, { method: 'DELETE' });
    expect((await api.call(`${PODS}/unbound`)).code).toBe(404);
    await create(PODS, podManifest('bound'));
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
    await create(CONFIG_MAPS, configMapManifest('other'));
    const refused = await api.call(`${CONFIG_MAPS}/other`, {
      method: 'DELETE',
      body: { preconditions: { uid: 'gone' } },
    });
    expect(refused.code).toBe(409);
  });

  it('deletes a collection by selector', async () => {
    for (const name of ['one', 'two'])
      await create(CONFIG_MAPS, { ...configMapManifest(name), metadata: { name, labels: { batch: 'x' } } });
    const answer = await api.call(`${CONFIG_MAPS}?labelSelector=batch%3Dx`, { method: 'DELETE' });
    expect(answer.json().items).toHaveLength(2);
    expect((await api.call(`${CONFIG_MAPS}?labelSelector=batch%3Dx`)).json().items).toHaveLength(0);
  });
});
