import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';
import { CONFIG_MAPS, configMapManifest } from '../support/manifests.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const create = (path: string, body: object) => api.call(path, { method: 'POST', body });

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

describe('hostile requests', () => {
  it.each([
    ['POST', CONFIG_MAPS, '{', 400],
    ['POST', CONFIG_MAPS, '[]', 400],
    ['POST', CONFIG_MAPS, 'null', 400],
    [
      'POST',
      CONFIG_MAPS,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","labels":{"__proto__":"1"}}}',
      422,
    ],
    ['POST', CONFIG_MAPS, `${'['.repeat(20_000)}${']'.repeat(20_000)}`, 400],
    ['POST', `${CONFIG_MAPS}?dryRun=Some`, '{}', 400],
    ['POST', `${CONFIG_MAPS}?fieldValidation=Perhaps`, '{}', 400],
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
    const answer = await create(
      CONFIG_MAPS,
      configMapManifest('big', { blob: 'x'.repeat(4 * 1024 * 1024) }),
    ).catch((error: Error) => error);
    if (answer instanceof Error) expect(answer.message).toMatch(/EPIPE|ECONNRESET/);
    else expect(answer.code).toBe(413);
    expect((await api.call('/readyz')).code).toBe(200);
  });

  it('takes neither JSON for protobuf nor CBOR for anything', async () => {
    const post = (contentType: string) =>
      api.call(CONFIG_MAPS, {
        method: 'POST',
        body: configMapManifest('x'),
        headers: { 'content-type': contentType },
      });
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
