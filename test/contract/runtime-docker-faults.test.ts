/** Engines that are missing, hung, old, new, or that come and go, acted out by a server on a socket of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DockerRuntime } from '../../node-agent/runtime/docker-runtime.ts';
import { FakeClock, systemClock } from '../../shared/clock.ts';
import { aContainerSpec } from '../support/container-spec.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let folder = '';
let servers: Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-engine-'));
});
afterEach(async () => {
  for (const server of servers) closeAll(server);
  servers = [];
  await rm(folder, { recursive: true, force: true });
});

const socketPath = () => join(folder, 'docker.sock');
const aRuntime = (clock = systemClock) =>
  new DockerRuntime({ owner: { cluster: 'c', node: 'n' }, clock, socketPath: socketPath(), random: () => 0 });
const json = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};

function anEngine(answer: Answer, version = { ApiVersion: '1.41', MinAPIVersion: '1.12' }) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    paths.push(`${request.method} ${path}`);
    if (path.startsWith('/version')) json(response, 200, version);
    else answer(request, response);
  });
  servers.push(server);
  return new Promise<{ paths: string[]; server: Server }>(resolve => {
    server.listen(socketPath(), () => resolve({ paths, server }));
  });
}

function closeAll(server: Server): void {
  server.close();
  server.closeAllConnections();
}

it('says what to do when there is no engine', async () => {
  await expect(aRuntime().list()).rejects.toMatchObject({
    failure: 'unreachable',
    message: expect.stringContaining('install Docker'),
  });
});

it('says what to do when the engine is down', async () => {
  await writeFile(socketPath(), '');
  await expect(aRuntime().list()).rejects.toMatchObject({
    failure: 'unreachable',
    message: expect.stringContaining('systemctl start docker'),
  });
});

it('takes a hung engine for an unreachable one', async () => {
  const clock = new FakeClock();
  const { paths } = await anEngine(() => {});
  const listed = aRuntime(clock).list();
  const failed = expect(listed).rejects.toMatchObject({ failure: 'unreachable', operation: 'list' });
  await vi.waitFor(() => expect(paths).toHaveLength(2));
  await clock.advance(15_000);
  await failed;
});

it('takes an answer that breaks off for an unreachable engine', async () => {
  await anEngine((_, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('[');
    setImmediate(() => response.destroy());
  });
  await expect(aRuntime().list()).rejects.toMatchObject({ failure: 'unreachable' });
});

it('leaves a call when its signal aborts', async () => {
  const { paths } = await anEngine(() => {});
  const abort = new AbortController();
  const reason = new Error('enough');
  const listed = aRuntime().list(abort.signal);
  const failed = expect(listed).rejects.toBe(reason);
  await vi.waitFor(() => expect(paths).toHaveLength(2));
  abort.abort(reason);
  await failed;
});

it('reports an answer that it does not understand', async () => {
  await anEngine((_, response) => json(response, 200, { not: 'a list' }));
  await expect(aRuntime().list()).rejects.toMatchObject({ failure: 'other', operation: 'list' });
});

it.each([
  { engine: 'an old one', version: { ApiVersion: '1.41', MinAPIVersion: '1.12' }, want: 'v1.41' },
  { engine: 'one of today', version: { ApiVersion: '1.47', MinAPIVersion: '1.24' }, want: 'v1.44' },
  { engine: 'one of tomorrow', version: { ApiVersion: '1.60', MinAPIVersion: '1.52' }, want: 'v1.52' },
])('speaks the version of the engine: $engine', async ({ version, want }) => {
  const { paths } = await anEngine((_, response) => json(response, 200, []), version);
  await aRuntime().list();
  expect(paths[1]).toMatch(new RegExp(`^GET /${want}/containers/json`));
});

it('puts nothing of a container into the URL but its name', async () => {
  const bodies: string[] = [];
  const { paths } = await anEngine((request, response) => {
    if (request.url?.includes('/info')) return json(response, 200, ENGINE_INFO);
    request.setEncoding('utf8').on('data', piece => bodies.push(piece));
    request.on('end', () => json(response, 201, { Id: 'abc' }));
  });
  await aRuntime().create(aContainerSpec({ env: [{ name: 'PASSWORD', value: 'hunter2' }] }));
  expect(paths.join(' ')).not.toContain('hunter2');
  expect(paths.at(-1)).toContain('name=pikelet_n_default_web_app_pod-uid-_0');
  expect(bodies.join('')).toContain('PASSWORD=hunter2');
});

const ENGINE_INFO = {
  ServerVersion: '20.10.24',
  OperatingSystem: 'Debian',
  KernelVersion: '6.1.0',
  Architecture: 'aarch64',
  MemoryLimit: false,
  DockerRootDir: '/var/lib/docker',
};

it('leaves out limits that the engine cannot keep', async () => {
  const bodies: string[] = [];
  await anEngine((request, response) => {
    if (request.url?.includes('/info')) return json(response, 200, ENGINE_INFO);
    request.setEncoding('utf8').on('data', piece => bodies.push(piece));
    request.on('end', () => json(response, 201, { Id: 'abc' }));
  });
  await aRuntime().create(aContainerSpec({ memoryLimitBytes: 64 * 1024 * 1024, cpuLimitMilli: 500 }));
  const { HostConfig } = JSON.parse(bodies.join(''));
  expect(HostConfig).not.toHaveProperty('Memory');
  expect(HostConfig).not.toHaveProperty('CpuQuota');
  expect(HostConfig.LogConfig.Type).toBe('json-file');
});

it('reads the failure of a pull from its progress', async () => {
  await anEngine((_, response) => {
    response.write('{"status":"Pulling from library/x"}\r\n{"error":"write /x: no sp');
    setImmediate(() => response.end('ace left on device"}\r\n'));
  });
  await expect(aRuntime().pull('x:1')).rejects.toMatchObject({ failure: 'no-space', operation: 'pull' });
});

it('gives up a pull that no longer moves', async () => {
  const clock = new FakeClock();
  const { paths } = await anEngine((_, response) => {
    response.write('{"status":"Downloading"}\r\n');
  });
  let failure: unknown;
  aRuntime(clock)
    .pull('x')
    .catch(error => {
      failure = error;
    });
  await vi.waitFor(() => expect(paths).toHaveLength(2));
  expect(paths[1]).toContain('fromImage=x&tag=latest');
  // Should the clock overtake the answer's start, the engine itself counts as silent: `unreachable`.
  await vi.waitFor(
    async () => {
      await clock.advance(60_000);
      expect(failure).toMatchObject({ failure: expect.stringMatching(/unreachable$/) });
    },
    { timeout: 10_000 },
  );
});

it('listens again, and hints, after the engine was away', async () => {
  const streams: ServerResponse[] = [];
  const events: Answer = (_, response) => {
    response.flushHeaders();
    streams.push(response);
  };
  const { server, paths } = await anEngine(events);
  const abort = new AbortController();
  const changes = aRuntime().changes(abort.signal)[Symbol.asyncIterator]();
  await changes.next();
  expect(decodeURIComponent(paths.at(-1) ?? '')).toContain('dev.pikelet.node=n');
  streams[0]?.write('{"status":"start"}\n');
  await changes.next();
  const next = changes.next();
  closeAll(server);
  await anEngine(events, { ApiVersion: '1.52', MinAPIVersion: '1.44' });
  expect(await next).toMatchObject({ done: false });
  expect(streams).toHaveLength(2);
  abort.abort();
  expect(await changes.next()).toMatchObject({ done: true });
});

it('tells when the engine refuses to be listened to', async () => {
  await anEngine((_, response) => json(response, 400, { message: 'invalid filter' }));
  const changes = aRuntime().changes(new AbortController().signal)[Symbol.asyncIterator]();
  await expect(changes.next()).rejects.toMatchObject({ failure: 'invalid', message: 'invalid filter' });
});
