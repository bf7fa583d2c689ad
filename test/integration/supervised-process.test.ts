import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SupervisedProcess } from '../../deploy/up/supervised-process.ts';
import { systemClock } from '../../shared/clock.ts';

const restart = { firstMs: 20, capMs: 100, soundAfterMs: 60_000 };
let folder = '';
let running: SupervisedProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pikelet-supervised-'));
});
afterEach(async () => {
  for (const process of running) await process.kill();
  running = [];
  rmSync(folder, { recursive: true });
});

/** A program of the given JavaScript, and what was said about it. */
function aProgram(script: string) {
  const said: string[] = [];
  const logPath = join(folder, 'it.log');
  writeFileSync(join(folder, 'it.cjs'), script);
  const program = { name: 'it', args: () => [join(folder, 'it.cjs')], logPath, restart };
  const supervised = new SupervisedProcess({ clock: systemClock, say: line => said.push(line) }, program);
  running.push(supervised);
  return { supervised, said, log: () => readFileSync(logPath, 'utf8') };
}

const SAY_PID_AND_STAY = 'console.log(process.pid); setInterval(() => {}, 1000);';

describe('SupervisedProcess', () => {
  it('starts again what dies, and says so with its last words when it goes on dying', async () => {
    const { supervised, said } = aProgram('console.log("no luck"); process.exit(3);');
    supervised.start();
    await expect.poll(() => said).toContain('  no luck');
    expect(said[0]).toBe('it died (exit code 3); starting it again in 0 s');
    expect(supervised.deaths).toBeGreaterThan(1);
  });

  it('holds down what was killed on purpose until it is started', async () => {
    const { supervised, said, log } = aProgram(SAY_PID_AND_STAY);
    supervised.start();
    await expect.poll(log).not.toBe('');
    await supervised.kill();
    expect([supervised.isRunning, said]).toEqual([false, []]);
    supervised.start();
    await expect.poll(() => log().trim().split('\n').length).toBe(2);
  });

  it('starts again what somebody else kills', async () => {
    const { supervised, said, log } = aProgram(SAY_PID_AND_STAY);
    supervised.start();
    await expect.poll(log).not.toBe('');
    process.kill(Number(log()), 'SIGKILL');
    await expect.poll(() => log().trim().split('\n').length).toBe(2);
    expect(said).toEqual(['it died (signal SIGKILL); starting it again in 0 s']);
  });

  it('kills what does not stop within its grace', async () => {
    const { supervised, log } = aProgram(`process.on('SIGTERM', () => {}); ${SAY_PID_AND_STAY}`);
    supervised.start();
    await expect.poll(log).not.toBe('');
    const pid = Number(log());
    await supervised.stop(50);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
