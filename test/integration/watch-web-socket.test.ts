/** Watches and logs over a WebSocket, as a browser asks for them: Headlamp, for one. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { type ScriptedApi, startScriptedApi } from '../support/scripted-api.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const BASE64 = 'base64.binary.k8s.io';

let api: ScriptedApi;
let token: string;
beforeAll(async () => {
  api = await startScriptedApi();
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reader' } };
  await api.call('/api/v1/namespaces/default/serviceaccounts', { method: 'POST', body: account });
  const path = '/api/v1/namespaces/default/serviceaccounts/reader/token';
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  token = (await api.call(path, { method: 'POST', body })).json().status.token;
  await api.call('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    method: 'POST',
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'reader' }],
    },
  });
});
afterAll(() => api.stop());

const bearer = (text: string) =>
  `base64url.bearer.authorization.k8s.io.${Buffer.from(text).toString('base64url')}`;

/** The messages of a WebSocket that offers these subprotocols, without any other credential. */
function dial(path: string, protocols: string[]) {
  const socket = new WebSocket(`wss://127.0.0.1:${api.port}${path}`, protocols, { ca: api.ca.caPem });
  const events: { type: string; object: { metadata: { name: string; resourceVersion: string } } }[] = [];
  socket.on('message', (message, isBinary) => {
    expect(isBinary).toBe(false);
    events.push(JSON.parse(String(message)));
  });
  const seen = () => events.map(({ type, object }) => `${type} ${object.metadata?.name}`);
  return { socket, events, seen };
}

/** The code that the upgrade is refused with. */
async function refusal(path: string, protocols: string[]): Promise<number> {
  const { socket } = dial(path, protocols);
  socket.on('error', () => {});
  const [, response] = await once(socket, 'unexpected-response');
  socket.terminate();
  return response.statusCode;
}

const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const create = (name: string) => api.call(CONFIG_MAPS, { method: 'POST', body: configMap(name) });

it('sends each event as a text message, and names the protocol that is not the token', async () => {
  const { metadata } = (await api.call(CONFIG_MAPS)).json();
  const { socket, seen } = dial(`${CONFIG_MAPS}?watch=true&resourceVersion=${metadata.resourceVersion}`, [
    BASE64,
    bearer(token),
  ]);
  await once(socket, 'open');
  expect(socket.protocol).toBe(BASE64);
  await create('a');
  await api.call(`${CONFIG_MAPS}/a`, { method: 'DELETE' });
  await vi.waitFor(() => expect(seen()).toEqual(['ADDED a', 'DELETED a']));
  socket.close();
  const [code] = await once(socket, 'close');
  expect(code).toBe(1005);
});

it('begins with what there is, and ends in time', async () => {
  await create('b');
  const { socket, seen } = dial(
    `${CONFIG_MAPS}?watch=True&fieldSelector=metadata.name%3Db&timeoutSeconds=1`,
    [bearer(token), BASE64],
  );
  const [code] = await once(socket, 'close');
  expect([seen(), code]).toEqual([['ADDED b'], 1000]);
});

it('says in a message that a revision is too old', async () => {
  api.cache.history.startAt(api.cache.revision);
  const { socket, events } = dial(`${CONFIG_MAPS}?watch=true&resourceVersion=1`, [bearer(token), BASE64]);
  await once(socket, 'close');
  expect(events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
});

it('refuses before the upgrade', async () => {
  const watch = `${CONFIG_MAPS}?watch=true`;
  expect(await refusal(watch, [bearer('nobody'), BASE64])).toBe(401);
  expect(await refusal(watch, [bearer(token)])).toBe(401);
  expect(await refusal(watch, [BASE64])).toBe(401);
  expect(await refusal('/api/v1/namespaces/default/secrets?watch=true', [bearer(token), BASE64])).toBe(403);
  expect(await refusal(`${watch}&resourceVersion=x`, [bearer(token), BASE64])).toBe(400);
});

it('lets go of a client that has gone', async () => {
  const { socket, seen } = dial(`${CONFIG_MAPS}?watch=true`, [bearer(token), BASE64]);
  await vi.waitFor(() => expect(seen()).toContain('ADDED b'));
  socket.terminate();
  await once(socket, 'close');
  expect((await create('c')).code).toBe(201);
});

it.each([
  ['bytes', 'binary.k8s.io', true, ['one\n', 'two\n']],
  ['base64', BASE64, false, ['b25lCg==', 'dHdvCg==']],
])('sends logs as %s', async (_name, protocol, binary, want) => {
  const url = `wss://127.0.0.1:${api.port}/api/v1/namespaces/default/pods/web/log?follow=true`;
  const socket = new WebSocket(url, [bearer(token), protocol], { ca: api.ca.caPem });
  const seen: [boolean, string][] = [];
  socket.on('message', (message, isBinary) => seen.push([isBinary, String(message)]));
  const [code] = await once(socket, 'close');
  expect([socket.protocol, code, seen]).toEqual([protocol, 1000, want.map(text => [binary, text])]);
});

it('refuses logs in a protocol that it does not speak', async () => {
  const log = '/api/v1/namespaces/default/pods/web/log';
  expect(await refusal(log, [bearer(token), 'v4.channel.k8s.io'])).toBe(400);
});
