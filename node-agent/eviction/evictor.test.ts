import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import type { PodDocument, Usage } from '../../shared/protocol/messages.ts';
import { aContainer, aDocument } from '../sync/pod-builders.ts';
import { Evictor } from './evictor.ts';
import { folderBytes } from './folder-size.ts';
import type { Eviction } from './plan.ts';

let folder: string;
let clock: FakeClock;
let troubles: Set<string>;
let pods: PodDocument[];
let usage: Usage['pods'];
let evicted: Eviction[];
let layers: Map<string, number>;
let stop: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-evict-'));
  clock = new FakeClock();
  troubles = new Set();
  pods = [];
  usage = [];
  evicted = [];
  layers = new Map();
  stop = new AbortController();
  const evictor = new Evictor({
    clock,
    log: pino({ level: 'silent' }),
    troubles: () => troubles,
    pods: () => pods,
    usage: () => usage,
    podsFolder: folder,
    layerBytes: async uid => new Map([['web', layers.get(uid) ?? 0]]),
    evict(eviction) {
      evicted.push(eviction);
      pods = pods.filter(({ uid }) => uid !== eviction.uid);
    },
  });
  void evictor.run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await rm(folder, { recursive: true, force: true });
});

async function aPodWith(uid: string, bytes: number, sizeLimit?: string): Promise<PodDocument> {
  const volume = join(folder, uid, 'volumes', 'scratch');
  await mkdir(join(volume, 'sub'), { recursive: true });
  await writeFile(join(volume, 'sub', 'file'), Buffer.alloc(bytes, 1));
  return aDocument({
    uid,
    spec: { volumes: [{ name: 'scratch', emptyDir: sizeLimit ? { sizeLimit } : {} }] },
  });
}

/** Time passes as long as it takes: files are read in between. */
async function untilEvicted(uids: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    await clock.advance(10_000);
    expect(evicted.map(({ uid }) => uid)).toEqual(uids);
  });
}

it('ends one pod after the other while memory is short', async () => {
  pods = ['a', 'b'].map(uid => aDocument({ uid }));
  usage = pods.map(({ uid }, i) => ({
    uid,
    containers: [{ name: 'web', cpuMilli: 0, memoryBytes: 1000 * (i + 1) }],
  }));
  await clock.advance(30_000);
  expect(evicted).toEqual([]);
  troubles.add('MemoryPressure');
  await untilEvicted(['b']);
  await untilEvicted(['b', 'a']);
});

it('ends the pod that holds most, once the disk has been short for long', async () => {
  pods = [await aPodWith('a', 4096), await aPodWith('b', 40_960)];
  troubles.add('DiskPressure');
  await clock.advance(50_000);
  expect(evicted).toEqual([]);
  await untilEvicted(['b']);
});

it('ends a pod whose volume outgrew its limit, and no other', async () => {
  pods = [
    await aPodWith('a', 4096, '1Mi'),
    await aPodWith('b', 2 * 1024 ** 2, '1Mi'),
    await aPodWith('c', 9999),
  ];
  await untilEvicted(['b']);
  expect(evicted[0]?.message).toBe('Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ');
});

it('counts what containers wrote into their own layers', async () => {
  const limited = aContainer({ resources: { limits: { 'ephemeral-storage': '1Mi' } } });
  pods = ['a', 'b'].map(uid => aDocument({ uid, spec: { containers: [limited] } }));
  layers.set('a', 2 ** 20).set('b', 2 ** 20 + 1);
  await untilEvicted(['b']);
  troubles.add('DiskPressure');
  await untilEvicted(['b', 'a']);
});

it('measures what lies in a folder and not what links lead to', async () => {
  const { signal } = stop;
  await aPodWith('a', 8192);
  await symlink('/usr', join(folder, 'a', 'link'));
  expect(await folderBytes(join(folder, 'a'), signal)).toBe(8192);
  expect(await folderBytes(join(folder, 'none'), signal)).toBe(0);
  stop.abort();
  await expect(folderBytes(join(folder, 'a'), signal)).rejects.toThrow();
});
