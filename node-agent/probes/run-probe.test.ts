import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttp2, type Http2Server } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as core from 'kubernetes-types/core/v1';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openClusterCa } from '../../master/auth/cluster-ca.ts';
import { FakeClock, systemClock } from '../../shared/clock.ts';
import { aContainerSpec } from '../../test/support/container-spec.ts';
import type { FakeProcess } from '../runtime/fake-process.ts';
import { FakeRuntime } from '../runtime/fake-runtime.ts';
import { aContainer, aDocument } from '../sync/pod-builders.ts';
import type { ProbeTarget } from './probe-targets.ts';
import { runProbe } from './run-probe.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function deferred<T = void>() {
  let resolve = (_: T) => {};
  const promise = new Promise<T>(settle => {
    resolve = settle;
  });
  return { promise, resolve };
}

const never = new AbortController().signal;

function aTarget(probe: core.Probe, container = aContainer()): ProbeTarget {
  const document = aDocument({ spec: { containers: [container] } });
  return { kind: 'readiness', probe, container, containerId: 'fake-1', startedAtMs: 0, document };
}

/** The servers that the tests dial never make anybody wait: the clock stands still, but where a test moves it. */
function probe(spec: core.Probe, container?: core.Container) {
  const clock = new FakeClock();
  return runProbe(
    { runtime: new FakeRuntime({ clock }), clock },
    aTarget(spec, container),
    '127.0.0.1',
    never,
  );
}

async function listen(server: Server | Http2Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : expect.unreachable();
}

const serve = (listener: RequestListener) => listen(createHttp(listener));

async function closedPort(): Promise<number> {
  const server = createTcp();
  const port = await listen(server);
  await new Promise(resolve => server.close(resolve));
  return port;
}

describe('httpGet', () => {
  it('takes 200 to 399 for a success, and says the status of others', async () => {
    const port = await serve((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end('body');
    });
    const ask = (status: number) => probe({ httpGet: { port, path: `/${status}` } });
    expect(await ask(200)).toEqual({ kind: 'success', output: 'body' });
    expect(await ask(404)).toEqual({ kind: 'failure', output: 'HTTP probe failed with statuscode: 404' });
    expect(await ask(503)).toMatchObject({ kind: 'failure' });
  });

  it('sends path, query and headers, and says who asks', async () => {
    const seen: unknown[] = [];
    const port = await serve(({ url, headers }, response) => {
      seen.push([url, headers.host, headers['user-agent'], headers.accept, headers['x-a']]);
      response.end();
    });
    const httpHeaders = [
      { name: 'Host', value: 'shop.example' },
      { name: 'X-A', value: '1' },
      { name: 'X-A', value: '2' },
    ];
    await probe({ httpGet: { port, path: 'ready?deep=1', httpHeaders } });
    await probe({
      httpGet: {
        port,
        httpHeaders: [
          { name: 'User-Agent', value: 'me' },
          { name: 'Accept', value: '' },
        ],
      },
    });
    expect(seen).toEqual([
      ['/ready?deep=1', 'shop.example', 'kube-probe/1.32', '*/*', '1, 2'],
      ['/', `127.0.0.1:${port}`, 'me', undefined, undefined],
    ]);
  });

  it('follows redirects on its host, and warns of those that lead away', async () => {
    const port = await serve((request, response) => {
      const to = { '/near': '/here', '/far': 'http://example.com/', '/round': '/round' }[request.url ?? ''];
      response.writeHead(to ? 302 : 200, to ? { location: to } : {}).end('text');
    });
    expect(await probe({ httpGet: { port, path: '/near' } })).toEqual({ kind: 'success', output: 'text' });
    expect(await probe({ httpGet: { port, path: '/far' } })).toEqual({
      kind: 'warning',
      output: 'Probe terminated redirects, Response body: text',
    });
    expect(await probe({ httpGet: { port, path: '/round' } })).toEqual({
      kind: 'failure',
      output: `Get "http://127.0.0.1:${port}/round": stopped after 10 redirects`,
    });
  });

  it('finds a named port, and says when there is none', async () => {
    const port = await serve((_, response) => response.end());
    const container = aContainer({ ports: [{ name: 'http', containerPort: port }] });
    expect(await probe({ httpGet: { port: 'http' } }, container)).toMatchObject({ kind: 'success' });
    expect(await probe({ httpGet: { port: 'admin' } }, container)).toEqual({
      kind: 'failure',
      output: `couldn't find port: port named "admin" not found in container "web"`,
    });
  });

  it('reads no more of a body than it keeps', async () => {
    const port = await serve((_, response) => {
      const write = () => {
        while (response.write('x'.repeat(4096)));
      };
      response.on('drain', write);
      write();
    });
    const { kind, output } = await probe({ httpGet: { port } });
    expect([kind, output.length]).toEqual(['success', 10 * 1024]);
  });

  it("fails where nobody listens, in Go's words", async () => {
    const port = await closedPort();
    expect(await probe({ httpGet: { port } })).toEqual({
      kind: 'failure',
      output: `Get "http://127.0.0.1:${port}/": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });

  it('fails when the answer takes longer than its timeout', async () => {
    const clock = new FakeClock();
    const asked = deferred<void>();
    const port = await serve(() => asked.resolve());
    const runtime = new FakeRuntime({ clock });
    const answer = runProbe({ runtime, clock }, aTarget({ httpGet: { port } }), '127.0.0.1', never);
    await asked.promise;
    await clock.advance(1000);
    expect(await answer).toEqual({
      kind: 'failure',
      output: `Get "http://127.0.0.1:${port}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
  });

  describe('over TLS', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pikelet-probe-'));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('checks no certificate', async () => {
      const ca = await openClusterCa({ directory: folder, clock: systemClock });
      const { certPem: cert, keyPem: key } = await ca.serverCertificate(['other.example']);
      const port = await listen(createHttps({ cert, key }, (_, response) => response.end('safe')));
      expect(await probe({ httpGet: { port, scheme: 'HTTPS' } })).toEqual({
        kind: 'success',
        output: 'safe',
      });
    });
  });
});

it('says nothing of a pod whose network is about to be made anew', async () => {
  const clock = new FakeClock();
  const target = aTarget({ tcpSocket: { port: 80 } });
  const answer = await runProbe({ runtime: new FakeRuntime({ clock }), clock }, target, undefined, never);
  expect(answer).toEqual({ kind: 'unknown', output: '' });
});

describe('tcpSocket', () => {
  it('is a success where somebody listens', async () => {
    const port = await listen(createTcp(socket => socket.on('error', () => {})));
    expect(await probe({ tcpSocket: { port } })).toEqual({ kind: 'success', output: '' });
  });

  it('fails where nobody does', async () => {
    const port = await closedPort();
    expect(await probe({ tcpSocket: { port } })).toEqual({
      kind: 'failure',
      output: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });
});

describe('grpc', () => {
  /** Answers as grpc.health.v1.Health does for the services in `serving`. */
  async function serveHealth(serving: Readonly<Record<string, number>>): Promise<number> {
    const server = createHttp2();
    server.on('stream', (stream, headers) => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('end', () => {
        const name = Buffer.concat(pieces).subarray(7).toString();
        const status = headers[':path'] === '/grpc.health.v1.Health/Check' ? serving[name] : undefined;
        const trailers =
          status === undefined
            ? { 'grpc-status': 5, 'grpc-message': 'unknown%20service' }
            : { 'grpc-status': 0 };
        stream.on('wantTrailers', () => stream.sendTrailers(trailers));
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.end(status === undefined ? '' : Buffer.from([0, 0, 0, 0, 2, 8, status]));
      });
    });
    return listen(server);
  }

  it('asks for the service by name', async () => {
    const port = await serveHealth({ '': 1, shop: 2 });
    expect(await probe({ grpc: { port } })).toEqual({ kind: 'success', output: '' });
    expect(await probe({ grpc: { port, service: 'shop' } })).toEqual({
      kind: 'failure',
      output: 'service unhealthy (responded with "NOT_SERVING")',
    });
    expect(await probe({ grpc: { port, service: 'none' } })).toEqual({
      kind: 'failure',
      output: 'error: health rpc probe failed: unknown service (code 5)',
    });
  });

  it('says when the server has no health protocol', async () => {
    const server = createHttp2();
    server.on('stream', stream => {
      stream.respond({
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': '12',
        'grpc-message': 'no',
      });
      stream.end();
    });
    const port = await listen(server);
    expect(await probe({ grpc: { port } })).toEqual({
      kind: 'failure',
      output: 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): no',
    });
  });

  it('fails where nobody listens, and on a server of another protocol', async () => {
    const port = await closedPort();
    expect(await probe({ grpc: { port } })).toMatchObject({
      kind: 'failure',
      output: expect.stringContaining('refused'),
    });
    const other = await serve((_, response) => response.end());
    expect(await probe({ grpc: { port: other } })).toMatchObject({ kind: 'failure' });
  });
});

describe('exec', () => {
  async function aRunningContainer(play: (process: FakeProcess) => void, clock = new FakeClock()) {
    const runtime = new FakeRuntime({ clock, images: ['app:1'], programs: { exec: play } });
    const { id } = await runtime.create(aContainerSpec({ image: 'app:1' }));
    await runtime.start(id);
    const spec = { exec: { command: ['check', '-v'] }, timeoutSeconds: 2 };
    return {
      runtime,
      clock,
      answer: runProbe({ runtime, clock }, { ...aTarget(spec), containerId: id }, '', never),
    };
  }

  it('is judged by its exit code, and cited by what it printed', async () => {
    const well = await aRunningContainer(process => process.exit(0));
    expect(await well.answer).toEqual({ kind: 'success', output: '' });
    const ill = await aRunningContainer(
      process => void process.print('no disk', 'stderr').then(() => process.exit(3)),
    );
    expect(await ill.answer).toEqual({ kind: 'failure', output: 'no disk' });
  });

  it('fails and is killed when it takes longer than its timeout', async () => {
    const started = deferred<FakeProcess>();
    const { clock, answer } = await aRunningContainer(started.resolve);
    const process = await started.promise;
    await clock.advance(2000);
    expect(await answer).toEqual({
      kind: 'failure',
      output: 'command timed out: "check -v" timed out after 2s',
    });
    expect(process.signal.aborted).toBe(true);
  });

  it('says nothing of a container that has ended', async () => {
    const clock = new FakeClock();
    const runtime = new FakeRuntime({ clock });
    const target = aTarget({ exec: { command: ['true'] } });
    expect(await runProbe({ runtime, clock }, target, '', never)).toEqual({ kind: 'unknown', output: '' });
  });
});
