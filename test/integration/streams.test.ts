/** exec, attach, cp and port-forward: unmodified clients against the real API server, with scripts for processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../support/command.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { BIG_BYTES, type ScriptedApi, startScriptedApi } from '../support/scripted-api.ts';

let api: ScriptedApi;
let folder: string;

beforeAll(async () => {
  api = await startScriptedApi();
  folder = await mkdtemp(join(tmpdir(), 'pikelet-streams-'));
});
afterAll(async () => {
  await api.stop();
  await rm(folder, { recursive: true });
});

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
      ['--kubeconfig', api.kubeconfig, 'port-forward', 'pod/web', `:${api.webPort}`],
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
    await vi.waitFor(() => expect(api.node.openCalls()).toBe(0));
  });
});
