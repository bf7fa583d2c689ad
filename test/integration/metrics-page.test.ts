/** GET /metrics: who may read it, and what it counts. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** Lines of a metric. */
const lines = async (name: string) =>
  (await api.call('/metrics')).text.split('\n').filter(line => line.startsWith(name));

it('is for those whom a role lets read it', async () => {
  expect((await api.call('/metrics', { anonymous: true })).code).toBe(401);
  const asUser = (group: string) => ({ headers: { 'impersonate-user': 'ann', 'impersonate-group': group } });
  expect((await api.call('/metrics', asUser('others'))).code).toBe(403);
  const answer = await api.call('/metrics', asUser('system:monitoring'));
  expect([answer.code, answer.headers['content-type']]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
});

it('counts requests by what they ask for, and nothing that is not served', async () => {
  const pods = '/api/v1/namespaces/default/pods';
  await api.call(pods);
  await api.call(pods);
  await api.call(pods, { anonymous: true });
  await api.call(`${pods}/nobody`);
  await api.call(`${pods}/nobody/exec?command=true&stdout=1`);
  await api.call(`${pods}/nobody/made-up`);
  await api.call('/apis/made.up/v1/things');
  const labels = (verb: string, subresource: string, code: number) =>
    `apiserver_request_total{verb="${verb}",group="",version="v1",resource="pods",subresource="${subresource}",code="${code}"}`;
  expect(await lines('apiserver_request_total')).toEqual([
    `${labels('LIST', '', 200)} 2`,
    `${labels('LIST', '', 401)} 1`,
    `${labels('GET', '', 404)} 1`,
    `${labels('CONNECT', 'exec', 404)} 1`,
  ]);
});
