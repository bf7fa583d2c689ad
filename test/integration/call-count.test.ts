/** How many calls one client may have under way. */
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MAX_CALLS_PER_CLIENT } from '../../master/api-server/limits.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { CONFIG_MAPS, configMapManifest } from '../support/manifests.ts';

let api: TestApi;
let session: ClientHttp2Session;
beforeAll(async () => {
  api = await startTestApi();
  const client = await api.ca.issueClient({ user: 'greedy', groups: ['system:masters'] });
  session = connect(`https://127.0.0.1:${api.port}`, {
    ca: api.ca.caPem,
    cert: client.certPem,
    key: client.keyPem,
  });
  await once(session, 'connect');
});
afterAll(async () => {
  session.destroy();
  await api.stop();
});

const start = (method: string, path: string) => session.request({ ':method': method, ':path': path });

/** A create whose body is still to come: a call under way for as long as a test wants. */
const startCreate = () => start('POST', CONFIG_MAPS);
const endCreate = (stream: ClientHttp2Stream, name: string) =>
  stream.end(JSON.stringify(configMapManifest(name)));

/** Its status, `Retry-After` and text, once the answer is whole; a GET has no body to end. */
async function answerOf(stream: ClientHttp2Stream) {
  const [headers] = await once(stream, 'response');
  const text = (await stream.setEncoding('utf8').toArray()).join('');
  return { code: headers[':status'], retryAfter: headers['retry-after'], text };
}
const get = (path: string) => answerOf(start('GET', path));

it('has as many calls of one client under way as it may, refuses more, and serves the others', async () => {
  const open = Array.from({ length: MAX_CALLS_PER_CLIENT }, startCreate);
  const watch = start('GET', `${CONFIG_MAPS}?watch=true`);
  await once(watch, 'response');
  // The streams of one connection are served in order: by the answer to the watch, all before it are under way.
  const refused = await get(CONFIG_MAPS);
  expect(refused).toMatchObject({ code: 429, retryAfter: '1' });
  expect(JSON.parse(refused.text)).toMatchObject({
    kind: 'Status',
    reason: 'TooManyRequests',
    message: 'too many requests, please try again later',
    details: { retryAfterSeconds: 1 },
  });
  expect((await get('/readyz')).code).toBe(200);
  expect((await api.call(CONFIG_MAPS)).code).toBe(200);

  const answers = open.map(answerOf);
  for (const [i, stream] of open.entries()) endCreate(stream, `late-${i}`);
  expect(new Set((await Promise.all(answers)).map(({ code }) => code))).toEqual(new Set([201]));
  expect((await get(CONFIG_MAPS)).code).toBe(200);
  watch.close();
});

it('gives the place back of a client that goes away', async () => {
  const open = Array.from({ length: MAX_CALLS_PER_CLIENT }, startCreate);
  expect((await get(CONFIG_MAPS)).code).toBe(429);
  for (const stream of open) stream.destroy();
  await expect.poll(async () => (await get(CONFIG_MAPS)).code).toBe(200);
});
