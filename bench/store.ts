/**
 * Measures the embedded store in its worker, on the folder argv[3] (a temporary one without). Prints lines `name value unit`.
 * argv[2] is the bundled store-worker.ts.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openEmbeddedStore } from '../master/store/open-embedded-store.ts';
import type { Store } from '../master/store/store.ts';
import { systemClock } from '../shared/clock.ts';
import { report } from './measure/figures.ts';

const VALUE = JSON.stringify({ kind: 'Pod', padding: 'x'.repeat(990) });
const SERIAL_PUTS = 2_000;
const PARALLEL_PUTS = 10_000;
const IN_FLIGHT = 64;
const LISTED = 10_000;
const GETS = 20_000;

async function timedMs(action: () => Promise<unknown>): Promise<number> {
  const startMs = systemClock.monotonicMs();
  await action();
  return systemClock.monotonicMs() - startMs;
}

/** Bytes that this process has had written to its block devices, all threads together; undefined where Linux does not say. */
function writtenBytes(): number | undefined {
  const text = readFileSync('/proc/self/io', 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return field('write_bytes') || field('wchar') || undefined;
}

async function putMany(store: Store, prefix: string, count: number, inFlight: number): Promise<void> {
  let next = 0;
  const writer = async () => {
    while (next < count) await store.put(`${prefix}${String(next++).padStart(6, '0')}`, VALUE, 0);
  };
  await Promise.all(Array.from({ length: inFlight }, writer));
}

async function perPut(name: string, count: number, action: () => Promise<void>): Promise<void> {
  const before = writtenBytes();
  const ms = await timedMs(action);
  const after = writtenBytes();
  report(`store.puts-${name}`, (count / ms) * 1_000, 'puts/s');
  if (before !== undefined && after !== undefined) {
    report(`store.bytes-written-per-put-${name}`, (after - before) / count, 'bytes');
  }
}

async function getMany(store: Store): Promise<void> {
  for (let n = 0; n < GETS; n++) await store.get(`/parallel/${String(n % PARALLEL_PUTS).padStart(6, '0')}`);
}

async function measure(store: Store, path: string): Promise<void> {
  await perPut('serial', SERIAL_PUTS, () => putMany(store, '/serial/', SERIAL_PUTS, 1));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await perPut('64-in-flight', PARALLEL_PUTS, () => putMany(store, '/parallel/', PARALLEL_PUTS, IN_FLIGHT));
  delay.disable();
  // The histogram holds whole intervals; the timer's own resolution is no stall.
  report('store.event-loop-stall-p99-writing', delay.percentile(99) / 1e6 - 1, 'ms');
  report('store.event-loop-stall-max-writing', delay.max / 1e6 - 1, 'ms');

  delay.reset();
  delay.enable();
  const list = () => store.list({ prefix: '/parallel/', limit: LISTED });
  report('store.list-10000-of-1KiB', await timedMs(list), 'ms');
  delay.disable();
  report('store.event-loop-stall-max-listing', delay.max / 1e6 - 1, 'ms');
  report('store.gets', (GETS / (await timedMs(() => getMany(store)))) * 1_000, 'gets/s');
  report('store.compact-10000', await timedMs(() => store.compact(SERIAL_PUTS + PARALLEL_PUTS)), 'ms');
  report('store.file', statSync(path).size, 'bytes');
  report('store.log', statSync(`${path}-wal`).size, 'bytes');

  const idle = writtenBytes();
  await systemClock.sleep(2_000);
  report('store.bytes-written-idle-2s', (writtenBytes() ?? 0) - (idle ?? 0), 'bytes');
  report('store.process-rss', process.memoryUsage.rss(), 'bytes');
}

async function main(workerFile: string, parent: string): Promise<void> {
  const folder = mkdtempSync(join(parent, 'pikelet-bench-'));
  try {
    const path = join(folder, 'store.db');
    const store = await openEmbeddedStore({ path, workerFile });
    await measure(store, path);
    await store.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main(resolve(process.argv[2] ?? 'dist/store-worker.cjs'), process.argv[3] ?? tmpdir()).catch(error => {
  console.error(error);
  process.exitCode = 1;
});
