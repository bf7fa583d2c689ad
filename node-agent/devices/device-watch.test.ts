import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../shared/clock.ts';
import { DeviceWatch } from './device-watch.ts';

const isRoot = process.getuid?.() === 0;
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 10 });
let root: string;
let stopping: AbortController;
let ended: Promise<void> | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pikelet-attached-'));
  stopping = new AbortController();
});
afterEach(async () => {
  stopping.abort();
  await ended;
  rmSync(root, { recursive: true });
});

function startWatch(lines: string[] = []) {
  const log = pino({ level: 'warn' }, { write: line => void lines.push(line) });
  const onChange = vi.fn();
  const watch = new DeviceWatch({ clock: systemClock, log, root, onChange });
  ended = watch.run(stopping.signal);
  return { onChange, ids: () => watch.devices.map(({ id }) => id) };
}

const plugIn = (name: string) => execFileSync('mknod', [join(root, 'dev', name), 'c', '1', '3']);

it.skipIf(!isRoot)('notices what is plugged in and out, and lasting names that come with it', async () => {
  mkdirSync(join(root, 'dev'));
  plugIn('gpiochip0');
  const { onChange, ids } = startWatch();
  expect(ids()).toEqual(['gpiochip/gpiochip0']);
  plugIn('ttyUSB0');
  await until(() => expect(ids()).toEqual(['gpiochip/gpiochip0', 'serial/ttyUSB0']));
  const before = onChange.mock.calls.length;
  mkdirSync(join(root, 'dev/serial/by-id'), { recursive: true });
  symlinkSync('../../ttyUSB0', join(root, 'dev/serial/by-id/usb-FTDI-if00'));
  await until(() => expect(onChange.mock.calls.length).toBeGreaterThan(before));
  rmSync(join(root, 'dev/serial'), { recursive: true });
  rmSync(join(root, 'dev/ttyUSB0'));
  rmSync(join(root, 'dev/gpiochip0'));
  await until(() => expect(ids()).toEqual([]));
});

it('says when it cannot watch', () => {
  const lines: string[] = [];
  startWatch(lines);
  expect(lines.join()).toContain('/dev cannot be watched');
});
