/** Watches, pages, tables, versions and events: what Kubernetes's conformance tests say of the API itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Json, startTestApi, type TestApi } from '../support/api.ts';
import { followWatch, type WatchEvent } from '../support/follow-watch.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const CORE = '/api/v1/namespaces/default';
const MAPS = `${CORE}/configmaps`;
const MERGE = { 'content-type': 'application/merge-patch+json' };
const post = async (path: string, body: Json): Promise<Json> => {
  const answer = await api.call(path, { method: 'POST', body });
  expect(answer.code, answer.text).toBe(201);
  return answer.json();
};
const patch = async (path: string, body: Json): Promise<Json> =>
  (await api.call(path, { method: 'PATCH', body, headers: MERGE })).json();
const remove = (path: string) => api.call(path, { method: 'DELETE' });
const aMap = (name: string, label: string) =>
  post(MAPS, { metadata: { name, labels: { watched: label } }, data: { n: '0' } });
const watching = (query: string) => `${MAPS}?watch=true&${query}`;
const selecting = (...labels: string[]) =>
  `labelSelector=${encodeURIComponent(`watched in (${labels.join(',')})`)}`;
const count = (many: number) => (events: readonly WatchEvent[]) => events.length === many;
const told = (events: readonly WatchEvent[]) =>
  events.map(({ type, object }) => `${type} ${object.metadata.name} ${object.data.n}`);

describe('watchers', () => {
  it('hear of what their selector matches, each of the same', async () => {
    const { resourceVersion } = (await api.call(`${MAPS}?limit=1`)).json().metadata;
    const from = `resourceVersion=${resourceVersion}`;
    const [a, b, both] = [
      followWatch(api, watching(`${from}&${selecting('multi-a')}`), count(3)),
      followWatch(api, watching(`${from}&${selecting('multi-b')}`), count(2)),
      followWatch(api, watching(`${from}&${selecting('multi-a', 'multi-b')}`), count(5)),
    ];
    await aMap('map-a', 'multi-a');
    await patch(`${MAPS}/map-a`, { data: { n: '1' } });
    await aMap('map-b', 'multi-b');
    await remove(`${MAPS}/map-a`);
    await remove(`${MAPS}/map-b`);
    expect(told(await a)).toEqual(['ADDED map-a 0', 'MODIFIED map-a 1', 'DELETED map-a 1']);
    expect(told(await b)).toEqual(['ADDED map-b 0', 'DELETED map-b 0']);
    expect(told(await both)).toEqual([
      'ADDED map-a 0',
      'MODIFIED map-a 1',
      'ADDED map-b 0',
      'DELETED map-a 1',
      'DELETED map-b 0',
    ]);
  });

  it('start at a version in the past, and go on from the last one that they saw', async () => {
    await aMap('past', 'past');
    const first = await patch(`${MAPS}/past`, { data: { n: '1' } });
    await patch(`${MAPS}/past`, { data: { n: '2' } });
    const seen = await followWatch(
      api,
      watching(`resourceVersion=${first.metadata.resourceVersion}&${selecting('past')}`),
      count(1),
    );
    expect(told(seen)).toEqual(['MODIFIED past 2']);
    await patch(`${MAPS}/past`, { data: { n: '3' } });
    await remove(`${MAPS}/past`);
    const last = seen[0]?.object.metadata.resourceVersion;
    const rest = await followWatch(api, watching(`resourceVersion=${last}&${selecting('past')}`), count(2));
    expect(told(rest)).toEqual(['MODIFIED past 3', 'DELETED past 3']);
  });

  it('see an object go when their selector loses it, and come when it matches again', async () => {
    const made = await aMap('moves', 'moves');
    const label = (watched: string, n: string) =>
      patch(`${MAPS}/moves`, { metadata: { labels: { watched } }, data: { n } });
    await label('elsewhere', '1');
    await label('elsewhere', '2');
    await label('moves', '3');
    await remove(`${MAPS}/moves`);
    const from = `resourceVersion=${made.metadata.resourceVersion}`;
    const events = await followWatch(api, watching(`${from}&${selecting('moves')}`), count(3));
    expect(events.map(({ type }) => type)).toEqual(['DELETED', 'ADDED', 'DELETED']);
    expect(events[1]?.object.data.n).toBe('3');
  });

  it('that start at any event see all that follow it in one and the same order', async () => {
    const { resourceVersion } = (await api.call(`${MAPS}?limit=1`)).json().metadata;
    const total = 30;
    const versionsOf = (events: readonly WatchEvent[]) =>
      events.map(({ object }) => object.metadata.resourceVersion);
    const whole = followWatch(
      api,
      watching(`resourceVersion=${resourceVersion}&${selecting('order')}`),
      count(total),
    );
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        await aMap(`order-${index}`, 'order');
        await patch(`${MAPS}/order-${index}`, { data: { n: '1' } });
        await remove(`${MAPS}/order-${index}`);
      }),
    );
    const versions = versionsOf(await whole);
    const laters = await Promise.all(
      [0, 7, 15, 28].map(start =>
        followWatch(
          api,
          watching(`resourceVersion=${versions[start]}&${selecting('order')}`),
          count(total - start - 1),
        ),
      ),
    );
    expect(laters.map(versionsOf)).toEqual([0, 7, 15, 28].map(start => versions.slice(start + 1)));
  });
});

describe('pages', () => {
  const TEMPLATES = `${CORE}/podtemplates`;
  const page = async (query: string) => (await api.call(`${TEMPLATES}?${query}`)).json();

  it('of a list hold at most what was asked for, of one version, and say how many remain', async () => {
    const total = 40;
    const template = { spec: { containers: [{ name: 'c', image: 'i' }] } };
    for (let i = 0; i < total; i++) await post(TEMPLATES, { metadata: { name: `t-${i}` }, template });
    const names: string[] = [];
    let { metadata, items } = await page('limit=17');
    const { resourceVersion } = metadata;
    for (;;) {
      names.push(...items.map((item: Json) => item.metadata.name));
      expect(metadata.resourceVersion).toBe(resourceVersion);
      expect(metadata.remainingItemCount ?? 0).toBe(total - names.length);
      if (!metadata.continue) break;
      expect(items).toHaveLength(17);
      ({ metadata, items } = await page(`limit=17&continue=${encodeURIComponent(metadata.continue)}`));
    }
    expect(new Set(names).size).toBe(total);
    expect((await page('')).items).toHaveLength(total);
  });

  it('go on after their version was compacted, inconsistently, for who wants that', async () => {
    const first = await page('limit=15');
    await remove(`${TEMPLATES}/t-39`);
    await api.store.compact(await api.store.revision());
    const gone = await page(`limit=15&continue=${encodeURIComponent(first.metadata.continue)}`);
    expect(gone).toMatchObject({ code: 410, reason: 'Expired', metadata: { continue: expect.any(String) } });
    const second = await page(`limit=15&continue=${encodeURIComponent(gone.metadata.continue)}`);
    expect(second.items).toHaveLength(15);
    expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
    const third = await page(`limit=15&continue=${encodeURIComponent(second.metadata.continue)}`);
    expect(third.metadata.resourceVersion).toBe(second.metadata.resourceVersion);
    const names = [first, second, third].flatMap(({ items }) =>
      items.map((item: Json) => item.metadata.name),
    );
    expect(new Set(names).size).toBe(39);
  });
});

describe('answers', () => {
  it('are refused with 406 where nothing that was asked for is to be had', async () => {
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const body = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } };
    const answer = await api.call(path, { method: 'POST', body, headers: { accept: table } });
    expect(answer.json()).toMatchObject({ kind: 'Status', code: 406, reason: 'NotAcceptable' });
  });

  it('say the version of the server in whole numbers', async () => {
    const { major, minor } = (await api.call('/version')).json();
    expect([major, minor]).toEqual([expect.stringMatching(/^\d+$/), expect.stringMatching(/^\d+$/)]);
  });

  it('name for every group a preferred version, which is served and has resources', async () => {
    const { groups } = (await api.call('/apis')).json();
    expect(groups.length).toBeGreaterThan(10);
    for (const group of groups) {
      expect(group.versions).toContainEqual(group.preferredVersion);
      expect((await api.call(`/apis/${group.name}`)).json()).toMatchObject({
        preferredVersion: group.preferredVersion,
      });
      for (const { groupVersion } of group.versions) {
        const list = (await api.call(`/apis/${groupVersion}`)).json();
        expect(list.groupVersion).toBe(groupVersion);
        expect(list.resources.length).toBeGreaterThan(0);
      }
    }
  });
});

describe('events', () => {
  const NEW = '/apis/events.k8s.io/v1/namespaces/default/events';
  const OLD = `${CORE}/events`;

  it('of the new API are noted, counted as a series, and the same as those of the old one', async () => {
    await post(NEW, {
      metadata: { name: 'noted' },
      eventTime: '2026-01-01T00:00:00.000001Z',
      reportingController: 'test.io/tester',
      reportingInstance: 'tester-1',
      action: 'Do',
      reason: 'Test',
      regarding: { namespace: 'default', kind: 'Pod', name: 'p' },
      note: 'first',
      type: 'Normal',
    });
    expect(await patch(`${NEW}/noted`, { note: 'second' })).toMatchObject({ note: 'second' });
    const series = { count: 2, lastObservedTime: '2026-01-01T00:00:01.000001Z' };
    const current = (await api.call(`${NEW}/noted`)).json();
    const replaced = await api.call(`${NEW}/noted`, { method: 'PUT', body: { ...current, series } });
    expect(replaced.json().series).toEqual(series);
    expect((await api.call(`${OLD}/noted`)).json()).toMatchObject({
      message: 'second',
      involvedObject: { kind: 'Pod', name: 'p' },
      series: { count: 2 },
    });
    const found = (
      await api.call('/apis/events.k8s.io/v1/events?fieldSelector=reportingController=test.io/tester')
    ).json();
    expect(found.items.map((item: Json) => item.metadata.name)).toEqual(['noted']);
    await remove(`${NEW}/noted`);
    expect((await api.call(`${OLD}/noted`)).code).toBe(404);
  });
});
