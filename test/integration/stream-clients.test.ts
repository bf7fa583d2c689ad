/** Streams for clients other than kubectl: client-node, raw upgrades, hostile bytes, the proxy subresource; and how they end. */
import { once } from 'node:events';
import { type RequestOptions, request } from 'node:https';
import type { Duplex } from 'node:stream';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Attach, Exec, KubeConfig, PortForward, type V1Status } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { type ScriptedApi, startScriptedApi } from '../support/scripted-api.ts';

const POD = '/api/v1/namespaces/default/pods/web';

let api: ScriptedApi;
let config: KubeConfig;
beforeAll(async () => {
  api = await startScriptedApi();
  config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
});
afterAll(() => api.stop());

/** Keeps what is written to it. */
function sink(): Writable & { said(): string } {
  let said = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      said += chunk;
      done();
    },
  });
  return Object.assign(stream, { said: () => said });
}

describe('client-node', () => {
  const run = (command: string[], input: PassThrough | null, tty = false) => {
    const [out, err] = [sink(), sink()];
    const status = new Promise<V1Status>((resolve, reject) =>
      new Exec(config).exec('default', 'web', 'main', command, out, err, input, tty, resolve).catch(reject),
    );
    return { out, err, status };
  };

  it('executes', async () => {
    const { out, err, status } = run(['hello'], null);
    expect(await status).toMatchObject({ status: 'Success' });
    expect([out.said(), err.said()]).toEqual(['hello\n', 'oops\n']);
  });

  it('reads an exit code', async () => {
    expect(await run(['exit', '7'], null).status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: 'command terminated with non-zero exit code: error executing command [exit 7], exit code 7',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
  });

  it('reads why a command could not start', async () => {
    expect(await run(['nope'], null).status).toMatchObject({
      status: 'Failure',
      message: 'executable file not found in $PATH',
    });
  });

  it('pipes', async () => {
    const input = new PassThrough();
    const { out, status } = run(['cat'], input);
    input.end('typed');
    expect(await status).toMatchObject({ status: 'Success' });
    expect(out.said()).toBe('typed');
  });

  it('attaches', async () => {
    const [out, input] = [sink(), new PassThrough()];
    const socket = await new Attach(config).attach('default', 'web', 'main', out, sink(), input, false);
    input.end('typed');
    await new Promise(resolve => socket.addEventListener('close', resolve));
    expect(out.said()).toBe('attached\ntyped');
  });

  it('forwards a port', async () => {
    const [out, err, input] = [sink(), sink(), new PassThrough()];
    await new PortForward(config).portForward('default', 'web', [api.webPort], out, err, input);
    input.write('GET /hi HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n');
    await vi.waitFor(() => expect(out.said()).toMatch(/\r\n\r\nGET \/hi\n|GET \/hi\n/));
    expect(err.said()).toBe('');
  });

  it('reads why a port could not be reached', async () => {
    const err = sink();
    await new PortForward(config).portForward('default', 'web', [1], sink(), err, new PassThrough());
    await vi.waitFor(() => expect(err.said()).toMatch(/^error forwarding port 1: .*ECONNREFUSED/));
  });
});

type Raw = { readonly code: number; readonly body: string; readonly socket?: Duplex };

/** One request by hand; `socket` when it was upgraded. */
function raw(path: string, options: RequestOptions = {}): Promise<Raw> {
  const tls: RequestOptions = {};
  return new Promise((resolve, reject) => {
    config.applyToHTTPSOptions(tls).then(() => {
      const sent = request({ ...tls, host: '127.0.0.1', port: api.port, path, agent: false, ...options });
      sent.once('response', async response =>
        resolve({ code: response.statusCode ?? 0, body: await text(response) }),
      );
      sent.once('upgrade', ({ statusCode = 0 }, socket) => resolve({ code: statusCode, body: '', socket }));
      sent.once('error', reject);
      sent.end();
    }, reject);
  });
}

const WEB_SOCKET = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': Buffer.alloc(16).toString('base64'),
  'sec-websocket-version': '13',
  'sec-websocket-protocol': 'v5.channel.k8s.io',
};
const SPDY = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' };
const EXEC = `${POD}/exec?command=hello&stdout=true`;

describe('before the upgrade', () => {
  it.each([
    ['no upgrade', EXEC, {}, 400, 'Upgrade request required'],
    [
      'an unknown protocol',
      EXEC,
      { connection: 'Upgrade', upgrade: 'gopher' },
      400,
      /"gopher" is not supported/,
    ],
    ['no key', EXEC, { ...WEB_SOCKET, 'sec-websocket-key': 'x' }, 400, /Sec-WebSocket-Key/],
    ['an old version', EXEC, { ...WEB_SOCKET, 'sec-websocket-version': '7' }, 400, /Sec-WebSocket-Version/],
    [
      'garbage subprotocols',
      EXEC,
      { ...WEB_SOCKET, 'sec-websocket-protocol': ',, a/b ;' },
      400,
      /unable to negotiate/,
    ],
    [
      'no command',
      `${POD}/exec?stdout=true`,
      WEB_SOCKET,
      400,
      'you must specify at least one command for the container',
    ],
    [
      'no stream',
      `${POD}/exec?command=hello`,
      WEB_SOCKET,
      400,
      'you must specify at least 1 of stdin, stdout, stderr',
    ],
    ['no such pod', EXEC.replace('web', 'nope'), WEB_SOCKET, 404, 'pods "nope" not found'],
    ['no such container', `${EXEC}&container=x`, WEB_SOCKET, 400, 'container x is not valid for pod web'],
    [
      'no ports',
      `${POD}/portforward`,
      { ...WEB_SOCKET, 'sec-websocket-protocol': 'v4.channel.k8s.io' },
      400,
      /"ports" is required/,
    ],
    [
      'a strange port',
      `${POD}/portforward?ports=0`,
      { ...WEB_SOCKET, 'sec-websocket-protocol': 'v4.channel.k8s.io' },
      400,
      /port "0"/,
    ],
  ])('%s is refused', async (_name, path, headers, code, message) => {
    const answer = await raw(path, { headers });
    expect(answer.code).toBe(code);
    expect(JSON.parse(answer.body)).toMatchObject({
      kind: 'Status',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  it('a stranger is refused', async () => {
    const answer = await raw(EXEC, { headers: WEB_SOCKET, cert: undefined, key: undefined });
    expect(answer.code).toBe(401);
  });

  it('an upgrade that nobody grants is passed over', async () => {
    expect((await raw('/version', { headers: WEB_SOCKET })).code).toBe(200);
    const headers = { ...WEB_SOCKET, 'content-length': '0' };
    expect((await raw('/api/v1/namespaces', { method: 'POST', headers })).code).toBe(400);
  });
});

describe('hostile bytes', () => {
  it.each([
    ['SPDY', SPDY, Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['SPDY', SPDY, Buffer.from('80030001000000120000000100000000000078bbe3c6a7c2ffff', 'hex')],
    ['SPDY', SPDY, Buffer.from('80030001ffffffff', 'hex')],
    ['WebSocket', WEB_SOCKET, Buffer.alloc(1000, 0xff)],
  ])('as %s end the connection and the call', async (_name, headers, bytes) => {
    const method = headers === SPDY ? 'POST' : 'GET';
    const { code, socket } = await raw(`${POD}/exec?command=forever&stdout=true`, { method, headers });
    expect(code).toBe(101);
    socket?.on('error', () => {}).resume();
    socket?.write(bytes);
    await once(socket ?? new PassThrough(), 'close');
    await vi.waitFor(() => expect(api.node.openCalls()).toBe(0));
    expect((await raw('/version')).code).toBe(200);
  });
});

/** A WebSocket of ours; each message is channel and text. */
async function channels(path: string, protocol: string) {
  const tls: RequestOptions = {};
  await config.applyToHTTPSOptions(tls);
  const { ca, cert, key } = tls;
  const socket = new WebSocket(`wss://127.0.0.1:${api.port}${path}`, protocol, { ca, cert, key });
  const messages: string[] = [];
  socket.on('message', (message: Buffer) => messages.push(`${message[0]} ${message.subarray(1)}`));
  await once(socket, 'open');
  return { socket, messages };
}

describe('channels', () => {
  it('resize a terminal, and take text for bytes', async () => {
    const { socket, messages } = await channels(
      `${POD}/exec?command=size&stdin=1&stdout=1&tty=1`,
      'v4.channel.k8s.io',
    );
    socket.send('\u0004{"Width":80,"Height":24}');
    socket.send('\u0004{"Width":-1}');
    socket.send('\u0000\n');
    await vi.waitFor(() => expect(messages).toEqual(['1 80x24\n']));
    socket.close();
    await vi.waitFor(() => expect(api.node.openCalls()).toBe(0));
  });

  it('hold the process up while their reader is slow', async () => {
    const { socket, messages } = await channels(`${POD}/exec?command=endless&stdout=1`, 'v5.channel.k8s.io');
    socket.pause();
    const sent = () => api.node.printedBytes();
    let before = -1;
    await vi.waitFor(
      () => {
        const [last, now] = [before, sent()];
        before = now;
        expect(now).toBe(last);
      },
      { timeout: 20_000, interval: 200 },
    );
    socket.resume();
    await vi.waitFor(() => expect(sent()).toBeGreaterThan(before));
    expect(messages.length).toBeGreaterThan(0);
    socket.terminate();
    await vi.waitFor(() => expect(api.node.openCalls()).toBe(0));
  });
});

describe('proxy', () => {
  it('passes a request on, without who asked', async () => {
    const path = `${POD}:${api.webPort}/proxy/some/page?x=1%2F2`;
    const answer = await api.call(path, {
      method: 'PUT',
      body: 'hello',
      headers: { authorization: 'Bearer secret', 'x-mine': 'yes', te: 'trailers' },
    });
    expect([answer.code, answer.text]).toEqual([200, 'PUT /some/page?x=1%2F2\n']);
    const seen = JSON.parse(String(answer.headers['x-seen']));
    expect(seen).toMatchObject({ 'x-mine': 'yes', 'x-forwarded-proto': 'https', 'x-forwarded-uri': path });
    expect(Object.keys(seen)).not.toContain('authorization');
    expect(Object.keys(seen)).not.toContain('te');
  });

  it('finds the port by itself, and rewrites redirections', async () => {
    expect((await api.call(`${POD}/proxy/`)).text).toBe('GET /\n');
    expect(await api.call(`${POD}/proxy`)).toMatchObject({
      code: 301,
      headers: { location: `${POD}/proxy/` },
    });
    expect(await api.call(`${POD}/proxy/redirect`)).toMatchObject({
      code: 302,
      headers: { location: `${POD}/proxy/elsewhere` },
    });
  });

  it('passes an upgrade on', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'echo' };
    const { code, socket } = await raw(`${POD}/proxy/echo`, { headers });
    expect(code).toBe(101);
    socket?.write('over there');
    expect(String((await once(socket ?? new PassThrough(), 'data'))[0])).toBe('over there');
    socket?.destroy();
    await vi.waitFor(() => expect(api.node.openCalls()).toBe(0));
  });

  it('reaches a pod of a service', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: api.webPort }] },
    };
    const services = '/api/v1/namespaces/default/services';
    expect((await api.call(services, { method: 'POST', body: service })).code).toBe(201);
    expect((await api.call(`${services}/web:http/proxy/a`)).text).toBe('GET /a\n');
    expect((await api.call(`${services}/http:web:80/proxy/b`)).text).toBe('GET /b\n');
    expect((await api.call(`${services}/web:81/proxy/`)).json()).toMatchObject({ code: 503 });
  });

  it('speaks TLS to a pod, whoever signed its certificate', async () => {
    const port = new URL(config.getCurrentCluster()?.server ?? '').port;
    const path = `/api/v1/namespaces/default/pods/https:web:${port}/proxy/version`;
    expect((await api.call(path)).json()).toMatchObject({ major: '1', minor: '32' });
  });

  it('says when nothing answers', async () => {
    expect((await api.call(`${POD}:1/proxy/`)).json()).toMatchObject({
      code: 503,
      message: expect.stringMatching(/^error trying to reach service: .*ECONNREFUSED/),
    });
  });
});

it('ends every stream when the server stops', async () => {
  const own = await startScriptedApi();
  const mine = new KubeConfig();
  mine.loadFromFile(own.kubeconfig);
  const out = sink();
  const socket = await new Exec(mine).exec('default', 'web', 'main', ['forever'], out, null, null, false);
  await vi.waitFor(() => expect(out.said()).toBe('ready\n'));
  const closed = new Promise(resolve => socket.addEventListener('close', resolve));
  await own.stop();
  await closed;
  expect(own.node.openCalls()).toBe(0);
});
