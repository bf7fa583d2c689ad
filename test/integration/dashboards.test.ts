/** The calls that k9s and Headlamp make at their start and on their main screens, and what they read in the answers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Json, startTestApi, type TestApi } from '../support/api.ts';
import { followWatch } from '../support/follow-watch.ts';

const CORE = '/api/v1/namespaces/default';
const PODS = `${CORE}/pods`;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const TABLE = [
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
  'application/json',
].join(',');
const partial = (kind: string) =>
  `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json;as=${kind};g=meta.k8s.io;v=v1beta1,application/json`;
const DISCOVERY = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

let api: TestApi;
/** What nodes were asked for. */
const logCalls: Json[] = [];
beforeAll(async () => {
  api = await startTestApi({
    async *openLogs({ call }) {
      logCalls.push(call);
      yield Buffer.from('2026-01-01T00:00:00.000000000Z one\n');
      yield Buffer.from('2026-01-01T00:00:01.000000000Z two\n');
    },
  });
  for (const name of ['first', 'second']) await run(name);
});
afterAll(() => api.stop());

const post = (path: string, body: object) => api.call(path, { method: 'POST', body });
const get = (path: string, accept = 'application/json') => api.call(path, { headers: { accept } });

/** A pod on a node that says it runs. */
async function run(name: string): Promise<void> {
  const spec = { nodeName: 'pi-1', containers: [{ name: 'main', image: 'busybox:1.36' }] };
  await post(PODS, { metadata: { name, labels: { app: name } }, spec });
  const state = { running: { startedAt: '2026-01-01T00:00:00Z' } };
  const main = { name: 'main', image: 'busybox:1.36', imageID: 'x', ready: true, restartCount: 2, state };
  const body = { status: { phase: 'Running', podIP: '10.0.0.7', containerStatuses: [main] } };
  const headers = { 'content-type': 'application/merge-patch+json' };
  const answer = await api.call(`${PODS}/${name}/status`, { method: 'PATCH', body, headers });
  expect(answer.code, answer.text).toBe(200);
}

function ok(answer: Answer): Json {
  expect(answer.code, answer.text).toBeLessThan(300);
  return answer.json();
}

describe('at the start', () => {
  it('the version has its numbers', async () => {
    expect(ok(await get('/version'))).toMatchObject({
      major: '1',
      minor: expect.stringMatching(/^\d+/),
      gitVersion: expect.stringMatching(/^v1\.\d+\.\d+/),
    });
  });

  it.each(['/api', '/apis'])('discovery of %s comes in one answer, and once', async path => {
    const answer = await get(path, DISCOVERY);
    expect(answer.headers['content-type']).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    );
    expect(answer.headers.vary).toContain('Accept');
    const items: Json[] = ok(answer).items;
    for (const { versions } of items)
      for (const { resources } of versions)
        for (const resource of resources)
          expect(resource).toMatchObject({
            resource: expect.any(String),
            scope: expect.stringMatching(/^(Namespaced|Cluster)$/),
            singularResource: expect.any(String),
            responseKind: { kind: expect.any(String) },
            verbs: expect.arrayContaining([expect.any(String)]),
          });
    const headers = { accept: DISCOVERY, 'if-none-match': String(answer.headers.etag) };
    expect((await api.call(path, { headers })).code).toBe(304);
  });

  it('every group and version has its list of resources, as older clients ask for it', async () => {
    const { groups } = ok(await get('/apis'));
    const versions: string[] = groups.flatMap((group: Json) =>
      group.versions.map(({ groupVersion }: Json) => groupVersion),
    );
    for (const groupVersion of versions)
      expect(ok(await get(`/apis/${groupVersion}`))).toMatchObject({ kind: 'APIResourceList', groupVersion });
    expect(versions).toEqual(expect.arrayContaining(['metrics.k8s.io/v1beta1', 'apps/v1']));
  });

  it('it is asked what one may', async () => {
    const may = async (attributes: object) => {
      const spec = { resourceAttributes: attributes };
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
      return ok(await post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review)).status;
    };
    expect(await may({ verb: 'list', group: '', version: 'v1', resource: 'namespaces' })).toEqual({
      allowed: true,
    });
    expect(await may({ verb: 'get', resource: 'pods', subresource: 'log', namespace: 'default' })).toEqual({
      allowed: true,
    });
    const rules = await post('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: 'default' },
    });
    expect(ok(rules).status).toMatchObject({
      resourceRules: expect.arrayContaining([
        expect.objectContaining({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }),
      ]),
      incomplete: false,
    });
  });

  it('metrics and definitions are asked for whether or not there are any', async () => {
    expect(ok(await get('/apis/metrics.k8s.io/v1beta1/nodes'))).toMatchObject({
      kind: 'NodeMetricsList',
      items: [],
    });
    expect(ok(await get('/apis/metrics.k8s.io/v1beta1/pods'))).toMatchObject({ kind: 'PodMetricsList' });
    expect(ok(await get(`${DEFINITIONS}?limit=500`))).toMatchObject({
      kind: 'CustomResourceDefinitionList',
      items: [],
    });
  });

  it('the documentation of types comes whole', async () => {
    const { definitions, swagger } = ok(await get('/openapi/v2', 'application/json, */*'));
    expect(swagger).toBe('2.0');
    expect(definitions['io.k8s.api.core.v1.Pod']).toMatchObject({ description: expect.any(String) });
  });
});

describe('a screen', () => {
  it('of pods is a table with the objects in it', async () => {
    const table = ok(await get(`${PODS}?includeObject=Object&limit=500&resourceVersion=0`, TABLE));
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(table.columnDefinitions.map(({ name }: Json) => name)).toEqual([
      ...['Name', 'Ready', 'Status', 'Restarts', 'Age'],
      ...['IP', 'Node', 'Nominated Node', 'Readiness Gates'],
    ]);
    const [{ cells, object }] = table.rows;
    expect(cells.slice(0, 4)).toEqual(['first', '1/1', 'Running', '2']);
    expect(object).toMatchObject({ kind: 'Pod', spec: { nodeName: 'pi-1' }, status: { phase: 'Running' } });
  });

  it.each([
    '/api/v1/nodes',
    '/api/v1/namespaces',
    '/api/v1/events',
    '/api/v1/persistentvolumeclaims',
    '/apis/apps/v1/deployments',
    '/apis/apps/v1/statefulsets',
    '/apis/apps/v1/daemonsets',
    '/apis/batch/v1/cronjobs',
    '/apis/networking.k8s.io/v1/ingresses',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    DEFINITIONS,
  ])('of %s is a table, and a list of metadata', async path => {
    const table = ok(await get(`${path}?includeObject=Object`, TABLE));
    expect(table).toMatchObject({ kind: 'Table', metadata: { resourceVersion: expect.any(String) } });
    for (const { cells } of table.rows) expect(cells).toHaveLength(table.columnDefinitions.length);
    const list = ok(await get(path, partial('PartialObjectMetadataList')));
    expect(list).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    expect(list.items).toHaveLength(table.rows.length);
    for (const item of list.items) expect(item).not.toHaveProperty('spec');
  });

  it('follows its objects from what there is, marked where that ends', async () => {
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const events = await followWatch(api, `${PODS}?${query}`, seen => seen.at(-1)?.type === 'BOOKMARK');
    expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ['ADDED', 'first'],
      ['ADDED', 'second'],
      ['BOOKMARK', undefined],
    ]);
    expect(events.at(-1)?.object).toMatchObject({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        annotations: { 'k8s.io/initial-events-end': 'true' },
        resourceVersion: expect.stringMatching(/^\d+$/),
      },
    });
  });

  it('follows metadata alone', async () => {
    const headers = { accept: partial('PartialObjectMetadata') };
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const events = await followWatch(api, `${PODS}?${query}`, seen => seen.length === 3, headers);
    expect(events.map(({ type, object }) => [type, object.kind, object.spec])).toEqual([
      ['ADDED', 'PartialObjectMetadata', undefined],
      ['ADDED', 'PartialObjectMetadata', undefined],
      ['BOOKMARK', 'PartialObjectMetadata', undefined],
    ]);
  });

  it('follows a table, row by row', async () => {
    const { resourceVersion } = ok(await get(PODS)).metadata;
    const watched = followWatch(
      api,
      `${PODS}?watch=1&resourceVersion=${resourceVersion}&includeObject=Object`,
      seen => seen.length === 1,
      { accept: TABLE },
    );
    await api.call(`${PODS}/first`, {
      method: 'PATCH',
      body: { metadata: { labels: { seen: 'yes' } } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    const [event] = await watched;
    expect(event).toMatchObject({
      type: 'MODIFIED',
      object: { kind: 'Table', rows: [{ object: { kind: 'Pod', metadata: { labels: { seen: 'yes' } } } }] },
    });
  });

  it('of a log shows its last lines with their times', async () => {
    const query = 'container=main&previous=false&tailLines=100&timestamps=true&follow=true';
    const log = await api.call(`${PODS}/first/log?${query}`);
    expect([log.code, log.headers['content-type'], log.text]).toEqual([
      200,
      'text/plain',
      '2026-01-01T00:00:00.000000000Z one\n2026-01-01T00:00:01.000000000Z two\n',
    ]);
    expect(logCalls.at(-1)).toMatchObject({
      ...{ container: 'main', previous: false, follow: true, timestamps: true, tailLines: 100 },
    });
  });

  it('of events shows those of one object', async () => {
    const { uid } = ok(await get(`${PODS}/first`)).metadata;
    const involved = { kind: 'Pod', name: 'first', namespace: 'default', uid };
    await post(`${CORE}/events`, {
      metadata: { name: 'first.1' },
      ...{ involvedObject: involved, reason: 'Started', message: 'it did', type: 'Normal' },
    });
    const selector = `involvedObject.kind=Pod,involvedObject.name=first,involvedObject.uid=${uid}`;
    const events = ok(await get(`${CORE}/events?fieldSelector=${encodeURIComponent(selector)}&limit=50`));
    expect(events.items.map(({ reason }: Json) => reason)).toEqual(['Started']);
  });

  it('restarts, scales and deletes with the patches that buttons send', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    const template = {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'busybox:1.36' }] },
    };
    await post(deployments, {
      metadata: { name: 'web' },
      spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template },
    });
    const patch = async (path: string, type: string, body: object) =>
      ok(
        await api.call(path, {
          method: 'PATCH',
          body,
          headers: { 'content-type': `application/${type}-patch+json` },
        }),
      );
    const annotations = { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' };
    const restarted = await patch(`${deployments}/web`, 'strategic-merge', {
      spec: { template: { metadata: { annotations } } },
    });
    expect(restarted.spec.template).toMatchObject({ ...template, metadata: { annotations } });
    const scale = await get(`${deployments}/web/scale`);
    const scaled = await api.call(`${deployments}/web/scale`, {
      method: 'PUT',
      body: { ...ok(scale), spec: { replicas: 4 } },
    });
    expect(ok(scaled).spec.replicas).toBe(4);
    expect((await patch(`${deployments}/web/scale`, 'merge', { spec: { replicas: 2 } })).spec.replicas).toBe(
      2,
    );
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
    const gone = await api.call(`${deployments}/web`, { method: 'DELETE', body: options });
    expect(ok(gone)).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'web' } });
  });
});
