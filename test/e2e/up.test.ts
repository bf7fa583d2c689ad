/** What `npm run up` promises at the terminal; a master alone is enough for it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openApi } from '../../deploy/up/api.ts';
import { layoutOf } from '../../deploy/up/layout.ts';
import { askUp } from '../support/control-client.ts';
import { built, freePort, startUp, type UpProcess } from '../support/up-process.ts';

const READY_WITHIN_MS = 60_000;
let layout = layoutOf('/nowhere');
let ports: string[] = [];
let started: UpProcess[] = [];

beforeAll(built);
beforeEach(async () => {
  layout = layoutOf(mkdtempSync(join(tmpdir(), 'pikelet-up-')));
  ports = ['--api-port', String(await freePort()), '--mqtt-port', String(await freePort())];
});
afterEach(async () => {
  for (const up of started) await up.stop('SIGKILL');
  started = [];
  rmSync(layout.dataDir, { recursive: true, force: true });
});

function start(...args: string[]): UpProcess {
  const up = startUp(['--nodes', '0', '--data-dir', layout.dataDir, ...ports, ...args]);
  started.push(up);
  return up;
}

async function startReady(): Promise<UpProcess> {
  const up = start();
  await up.untilSaid(/^ready: 0 nodes in [\d.]+ s$/m, READY_WITHIN_MS);
  return up;
}

async function isServed(): Promise<boolean> {
  const api = openApi(layout.kubeconfig);
  const isReady = await api?.isReady();
  api?.close();
  return isReady === true;
}

describe('up', () => {
  it('says where everything is, serves, and ends at an interrupt with its data left', async () => {
    const up = await startReady();
    for (const word of ['https://127.0.0.1:', '/dashboard/#token=', 'mqtt://127.0.0.1:', layout.kubeconfig]) {
      expect(up.output()).toContain(word);
    }
    expect(await isServed()).toBe(true);
    expect(statSync(layout.controlSocket).mode & 0o777).toBe(0o600);
    up.child.kill('SIGINT');
    expect(await up.ended).toBe(0);
    expect([await isServed(), existsSync(layout.controlSocket), existsSync(layout.kubeconfig)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('finds the same cluster again', async () => {
    const first = await startReady();
    const before = readFileSync(layout.kubeconfig, 'utf8');
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    await startReady();
    expect(readFileSync(layout.kubeconfig, 'utf8')).toBe(before);
  });

  it('refuses a data folder that another one uses', async () => {
    await startReady();
    const second = start();
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain('another "npm run up" uses this data folder');
    expect(await isServed()).toBe(true);
  });

  it('names the flag of a port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const up = start('--mqtt-port', String(port));
    expect(await up.ended).toBe(1);
    expect(up.output()).toContain(`port ${port} on 127.0.0.1 is in use: choose another with --mqtt-port`);
    taken.close();
  });

  it('ends with 2 for a flag that it does not know', async () => {
    const up = start('--node', '3');
    expect(await up.ended).toBe(2);
    expect(up.output()).toContain("'--node'");
  });

  it('holds a killed master down until it is started', async () => {
    const up = await startReady();
    const log = readFileSync(layout.log('master'), 'utf8');
    await askUp(layout.controlSocket, 'kill', 'master');
    expect(await isServed()).toBe(false);
    await askUp(layout.controlSocket, 'start', 'master');
    await expect.poll(isServed, { timeout: READY_WITHIN_MS }).toBe(true);
    expect(readFileSync(layout.log('master'), 'utf8').length).toBeGreaterThan(log.length);
    expect(up.output()).not.toContain('died');
  });

  it('leaves no process behind when it is killed', async () => {
    const up = await startReady();
    up.child.kill('SIGKILL');
    await up.ended;
    await expect.poll(isServed, { timeout: READY_WITHIN_MS }).toBe(false);
    await startReady();
  });

  it('tells an asker what it cannot do', async () => {
    await startReady();
    await expect(askUp(layout.controlSocket, 'cut', 'pi-9')).rejects.toThrow(
      'no virtual device of this cluster',
    );
    await expect(askUp(layout.controlSocket, 'cut', 'master')).rejects.toThrow('no cable to cut');
    expect(await askUp(layout.controlSocket, 'list')).toEqual([]);
  });
});
