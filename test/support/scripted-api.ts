/** An API server with one running pod, `web`, whose processes are scripts; its ports are those of this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { startTestApi, type TestApi } from './api.ts';
import { type Script, type ScriptedNode, type ScriptedProcess, scriptedNode } from './scripted-node.ts';

export const BIG_BYTES = 8 * 1024 * 1024;

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
  /** The terminal's size at each line that is typed. */
  size: async ({ input, print, sizes }) => {
    for await (const _ of input) {
      const size = sizes.at(-1);
      await print('stdout', `${size?.columns}x${size?.rows}\n`);
    }
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
  endless: async ({ print, closed }) => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    while (!closed.aborted) await print('stdout', piece);
    return 0;
  },
  forever: async ({ print, closed }) => {
    await print('stdout', 'ready\n');
    if (!closed.aborted) await once(closed, 'abort');
    return 0;
  },
};

/** A TCP connection to a port of this machine. */
async function forward({ call, input, print, closed }: ScriptedProcess): Promise<undefined> {
  const socket = connect(call.kind === 'portForward' ? call.port : 0, '127.0.0.1');
  closed.addEventListener('abort', () => socket.destroy());
  await once(socket, 'connect').catch((cause: Error) => {
    throw new ApiError('ServiceUnavailable', cause.message, {}, { cause });
  });
  const feed = async () => {
    for await (const bytes of input) socket.write(bytes);
    socket.end();
  };
  // When the server is done, so is the connection.
  void feed();
  for await (const bytes of socket) await print('stdout', bytes);
}

const script: Script = async process => {
  const { call, print } = process;
  if (call.kind === 'portForward') return await forward(process);
  if (call.kind === 'attach') await print('stdout', 'attached\n');
  const program = PROGRAMS[call.kind === 'exec' ? (call.command[0] ?? '') : 'cat'];
  if (program === undefined) throw new ApiError('BadRequest', 'executable file not found in $PATH');
  return await program(process);
};

/** What every container has printed. */
async function* twoLines(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one\n');
  yield Buffer.from('two\n');
}

export type ScriptedApi = TestApi & {
  readonly node: ScriptedNode;
  /** Of a web server that repeats method and path, a port of the pod. */
  readonly webPort: number;
};

export async function startScriptedApi(): Promise<ScriptedApi> {
  const node = scriptedNode(script);
  const api = await startTestApi({ openStream: node.openStream, openLogs: twoLines });
  const web = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('x-seen', JSON.stringify(request.headers));
      if (request.url === '/redirect') response.writeHead(302, { location: '/elsewhere' });
      response.end(`${request.method} ${request.url}\n`);
    });
  });
  // What it is upgraded to is an echo.
  web.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.on('error', () => {}).pipe(socket);
  });
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  const address: AddressInfo | string | null = web.address();
  const webPort = typeof address === 'object' && address !== null ? address.port : 0;
  await aRunningPod(api, webPort);
  return {
    ...api,
    node,
    webPort,
    async stop() {
      web.close();
      await api.stop();
    },
  };
}

async function aRunningPod(api: TestApi, webPort: number): Promise<void> {
  const containers = [
    { name: 'main', image: 'hello', ports: [{ containerPort: webPort }], stdin: true, tty: false },
  ];
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: { nodeName: 'pi-1', containers },
  };
  await api.call('/api/v1/namespaces/default/pods', { method: 'POST', body });
  const running = { running: { startedAt: '2024-01-01T00:00:00Z' } };
  const status = {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      { name: 'main', image: 'hello', imageID: '', ready: true, restartCount: 0, state: running },
    ],
  };
  await api.call('/api/v1/namespaces/default/pods/web/status', {
    method: 'PATCH',
    body: { status },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
}
