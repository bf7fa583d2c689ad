/** exec, attach, cp and port-forward: unmodified clients against the real API server, with scripts for processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { Attach, Exec, KubeConfig, PortForward, type V1Status } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';
import { runCommand } from '../support/command.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { type Script, type ScriptedNode, scriptedNode } from '../support/scripted-node.ts';

const BIG_BYTES = 8 * 1024 * 1024;

/** What the processes of the one pod do, by the first word of their command. */
const PROGRAMS: Readonly<Record<string, Script>> = {
  hello: async ({ print }) => {
    await print('stdout', 'hello\n');
    await print('stderr', 'oops\n');
    return 0;
  },
  exit: async ({ call }) => Number(call.kind === 'exec' ? call.command[1] : 0),
  cat: async ({ input, print }) => {
    for await (const bytes of input) await print('stdout', bytes);
    return 0;
  },
  count: async ({ input, print }) => {
    let bytes = 0;
    for await (const piece of input) bytes += piece.length;
    await print('stdout', `${bytes}\n`);
    return 0;
  },
  big: async ({ print }) => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    for (let sent = 0; sent < BIG_BYTES; sent += piece.length) await print('stdout', piece);
    return 0;
  },
  /** The terminal's size, once it is known. */
  size: async ({ print, sizes }) => {
    await vi.waitFor(() => expect(sizes.length).toBeGreaterThan(0));
    await print('stdout', `${sizes[0]?.columns}x${sizes[0]?.rows}\n`);
    return 0;
  },
  /** A real process here: for `cp`, whose other side is tar. */
  tar: async ({ call, input, print }) => {
    const child = spawn('tar', call.kind === 'exec' ? call.command.slice(1) : []);
    const feed = async () => {
      for await (const bytes of input) child.stdin.write(bytes);
      child.stdin.end();
    };
    const fed = feed();
    for await (const bytes of child.stdout) await print('stdout', bytes);
    const [code] = child.exitCode === null ? await once(child, 'close') : [child.exitCode];
    if (call.kind === 'exec' && call.stdin) await fed;
    return code;
  },
  forever: async ({ print, closed }) => {
    await print('stdout', 'ready\n');
    await once(closed, 'abort');
    return 0;
  },
};

const script: Script = async process => {
  const { call, input, print, closed } = process;
  if (call.kind === 'exec') return await (PROGRAMS[call.command[0] ?? ''] ?? PROGRAMS.exit)?.(process);
  if (call.kind === 'attach') {
    await print('stdout', 'attached\n');
    return await PROGRAMS.cat?.(process);
  }
  const socket = connect(call.port, '127.0.0.1');
  closed.addEventListener('abort', () => socket.destroy());
  await once(socket, 'connect').catch(error => {
    throw Object.assign(error);
  });
  const feed = async () => {
    for await (const bytes of input) socket.write(bytes);
    socket.end();
  };
  const fed = feed();
  for await (const bytes of socket) await print('stdout', bytes);
  await fed;
  return undefined;
};

let api: TestApi;
let node: ScriptedNode;
let web: Server;
let webPort: number;
let folder: string;
let kubeConfig: KubeConfig;

beforeAll(async () => {
  node = scriptedNode(script);
  api = await startTestApi({ openStream: node.openStream });
  folder = await mkdtemp(join(tmpdir(), 'pikelet-streams-'));
  web = createServer((request, response) => {
    request.resume().on('end', () => response.end(`${request.method} ${request.url}\n`));
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  webPort = (web.address() as AddressInfo).port;
  kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(api.kubeconfig);
  await aRunningPod('web');
});
afterAll(async () => {
  web.close();
  await api.stop();
  await rm(folder, { recursive: true });
});

async function aRunningPod(name: string): Promise<void> {
  const containers = [
    { name: 'main', image: 'hello', ports: [{ containerPort: webPort }], stdin: true, tty: false },
  ];
  const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { nodeName: 'pi-1', containers } };
  await api.call('/api/v1/namespaces/default/pods', { method: 'POST', body });
  const running = { running: { startedAt: '2024-01-01T00:00:00Z' } };
  const status = {
    phase: 'Running',
    containerStatuses: [
      { name: 'main', image: 'hello', imageID: '', ready: true, restartCount: 0, state: running },
    ],
  };
  const answer = await api.call(`/api/v1/namespaces/default/pods/${name}/status`, {
    method: 'PATCH',
    body: { status },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect(answer.code).toBe(200);
}

const kubectl = (args: readonly string[], input?: string, env: NodeJS.ProcessEnv = {}) =>
  runCommand([kubectlPath ?? '', '--kubeconfig', api.kubeconfig, ...args], {
    input,
    env: { ...process.env, ...env },
  });

/** Over both framings: the one of today, and SPDY. */
const FRAMINGS = [
  ['websocket', {}],
  ['spdy', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
] as const;

describe.skipIf(kubectlPath === undefined).each(FRAMINGS)('kubectl over %s', (_name, env) => {
  it('shows what a command prints', async () => {
    expect(await kubectl(['exec', 'web', '--', 'hello'], undefined, env)).toEqual({
      code: 0,
      stdout: 'hello\n',
      stderr: 'oops\n',
    });
  });

  it('exits as the command does', async () => {
    expect(await kubectl(['exec', 'web', '--', 'exit', '7'], undefined, env)).toMatchObject({
      code: 7,
      stderr: 'command terminated with exit code 7\n',
    });
  });

  it('pipes, and ends the input', async () => {
    const input = 'x'.repeat(3_000_000);
    expect(await kubectl(['exec', '-i', 'web', '--', 'count'], input, env)).toMatchObject({
      code: 0,
      stdout: '3000000\n',
    });
    expect(await kubectl(['exec', '-i', 'web', '--', 'cat'], 'one\ntwo\n', env)).toMatchObject({
      stdout: 'one\ntwo\n',
    });
  });

  it('takes a large output whole', async () => {
    const { code, stdout } = await kubectl(['exec', 'web', '--', 'big'], undefined, env);
    expect([code, stdout.length]).toEqual([0, BIG_BYTES]);
  });

  it('attaches', async () => {
    expect(await kubectl(['attach', '-i', 'web', '-q'], 'typed\n', env)).toMatchObject({
      code: 0,
      stdout: 'attached\ntyped\n',
    });
  });

  it('copies both ways', async () => {
    const [here, there, back] = ['here', 'there', 'back'].map(name => join(folder, name));
    const text = 'line\n'.repeat(200_000);
    await writeFile(here ?? '', text);
    expect(await kubectl(['cp', here ?? '', `web:${there}`], undefined, env)).toMatchObject({ code: 0 });
    expect(await readFile(there ?? '', 'utf8')).toBe(text);
    expect(await kubectl(['cp', `web:${there}`, back ?? ''], undefined, env)).toMatchObject({ code: 0 });
    expect(await readFile(back ?? '', 'utf8')).toBe(text);
  });

  it('says why not', async () => {
    const stderr = async (...args: string[]) => (await kubectl(args, undefined, env)).stderr;
    expect(await stderr('exec', 'nope', '--', 'hello')).toBe(
      'Error from server (NotFound): pods "nope" not found\n',
    );
    expect(await stderr('exec', 'web', '-c', 'other', '--', 'hello')).toMatch(
      /container other is not valid for pod web/,
    );
  });

  it('forwards a port, any number of times', async () => {
    const forward = spawn(
      kubectlPath ?? '',
      ['--kubeconfig', api.kubeconfig, 'port-forward', 'pod/web', `:${webPort}`],
      { env: { ...process.env, ...env } },
    );
    let said = '';
    for (const stream of [forward.stdout, forward.stderr])
      stream.on('data', text => {
        said += text;
      });
    const port = await vi.waitFor(() => {
      const match = /127\.0\.0\.1:(\d+) ->/.exec(said);
      expect(match).not.toBeNull();
      return match?.[1];
    }, 20_000);
    for (const path of ['/a', '/b', '/c']) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
      expect(await answer.text()).toBe(`GET ${path}\n`);
    }
    forward.kill('SIGINT');
    await once(forward, 'close');
    await vi.waitFor(() => expect(node.openCalls()).toBe(0));
  });
});
