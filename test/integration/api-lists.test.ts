import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';
import { CONFIG_MAPS, configMapManifest, PODS, podManifest } from '../support/manifests.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const create = (path: string, body: object) => api.call(path, { method: 'POST', body });
const patch = (path: string, type: string, body: unknown) =>
  api.call(path, { method: 'PATCH', body, headers: { 'content-type': `application/${type}+json` } });

describe('lists and watches', () => {
  it('pages through one snapshot', async () => {
    for (const name of ['p1', 'p2', 'p3'])
      await create(CONFIG_MAPS, { ...configMapManifest(name), metadata: { name, labels: { page: 'y' } } });
    const first = (await api.call(`${CONFIG_MAPS}?labelSelector=page&limit=2`)).json();
    expect(first.metadata).toMatchObject({ remainingItemCount: 1, continue: expect.any(String) });
    await create(CONFIG_MAPS, {
      ...configMapManifest('p4'),
      metadata: { name: 'p4', labels: { page: 'y' } },
    });
    const second = (
      await api.call(`${CONFIG_MAPS}?labelSelector=page&limit=2&continue=${first.metadata.continue}`)
    ).json();
    expect(second.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['p3']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect((await api.call(`${CONFIG_MAPS}?continue=rubbish`)).code).toBe(400);
  });

  it('selects by field, and refuses fields it does not know', async () => {
    await create(
      PODS,
      podManifest('by-field', { spec: { nodeName: 'pi-9', containers: [{ name: 'c', image: 'i:1' }] } }),
    );
    const found = (await api.call('/api/v1/pods?fieldSelector=spec.nodeName%3Dpi-9')).json();
    expect(found.items).toHaveLength(1);
    expect((await api.call('/api/v1/pods?fieldSelector=spec.mood%3Dgood')).json().message).toContain(
      'field label not supported: spec.mood',
    );
  });

  it('compresses what is large, for who can read it', async () => {
    await create(CONFIG_MAPS, configMapManifest('large', { blob: 'x'.repeat(200 * 1024) }));
    const plain = await api.call(`${CONFIG_MAPS}/large`);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const packed = await api.call(`${CONFIG_MAPS}/large`, { headers: { 'accept-encoding': 'gzip' } });
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
    const start = (await api.call(`${CONFIG_MAPS}?limit=1`)).json().metadata.resourceVersion;
    await create(CONFIG_MAPS, {
      ...configMapManifest('seen'),
      metadata: { name: 'seen', labels: { w: '1' } },
    });
    await patch(`${CONFIG_MAPS}/seen`, 'merge-patch', { data: { a: '2' } });
    await patch(`${CONFIG_MAPS}/seen`, 'merge-patch', { metadata: { labels: { w: '2' } } });
    const { text } = await api.call(
      `${CONFIG_MAPS}?watch=true&labelSelector=w%3D1&resourceVersion=${start}&timeoutSeconds=1`,
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
    const { text } = await api.call(`${CONFIG_MAPS}?${query}`);
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
