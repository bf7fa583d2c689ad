import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { CHECKPOINT_RETRY_MS } from '../limits.ts';
import { acceptDocuments, acceptIndex, type DesiredSet, emptyDesiredSet } from '../sync/desired-set.ts';
import { aDocument } from '../sync/pod-builders.ts';
import { Checkpoint } from './checkpoint.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-text.ts';

const log = pino({ level: 'silent' });
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true }));

function aSet(generation: number, digest = `d${generation}`): DesiredSet {
  const document = aDocument({ labels: { generation: digest } });
  const documents = acceptDocuments(emptyDesiredSet, { documents: [{ digest, document }] });
  const pods = [{ uid: 'uid-1', digest }];
  const index = { cluster: 'c', incarnation: 1, generation, epoch: 'e', pods };
  const accepted = acceptIndex(documents, index, { epoch: 'e', cluster: 'c' });
  if (!accepted.ok) throw new Error(accepted.reason);
  return accepted.set;
}

const path = () => join(folder, 'checkpoint.json');
const save = (set: DesiredSet) => new Checkpoint(folder, log).save(set);
const load = () => new Checkpoint(folder, log).load();

describe('the text of a checkpoint', () => {
  const text = encodeCheckpoint(aSet(1)) ?? '';

  it('is read back as it was', () => {
    expect(decodeCheckpoint(text)).toEqual(aSet(1));
  });

  it('is refused when cut at any point', () => {
    for (let length = 0; length < text.length; length++)
      expect(decodeCheckpoint(text.slice(0, length))).toBeUndefined();
  });

  it('is refused with any one character changed', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('x', '0', '{', '\n'), (at, other) => {
        fc.pre(text[at] !== other);
        expect(decodeCheckpoint(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
      }),
    );
  });
});

describe('the checkpoint on disk', () => {
  it('is empty on a new device', async () => {
    expect(await load()).toEqual({ set: emptyDesiredSet, fallback: 'none' });
  });

  it('is the newest set, readable by its owner only', async () => {
    await save(aSet(1));
    await save(aSet(2));
    expect(await load()).toEqual({ set: aSet(2), fallback: 'none' });
    expect((await stat(path())).mode & 0o777).toBe(0o600);
  });

  it.each([0, 1, 100, 300])('falls back to the one before when torn at %i bytes', async length => {
    await save(aSet(1));
    await save(aSet(2));
    await truncate(path(), length);
    expect(await load()).toEqual({ set: aSet(1), fallback: 'previous' });
  });

  it('falls back when the power went between the two renames', async () => {
    await save(aSet(1));
    await save(aSet(2));
    await rm(path());
    expect(await load()).toMatchObject({ set: aSet(1), fallback: 'previous' });
  });

  it('is nothing, and says so, when both are garbage', async () => {
    await writeFile(path(), 'garbage');
    expect(await load()).toEqual({ set: emptyDesiredSet, fallback: 'nothing' });
  });

  it('is not written again for another generation of the same pods', async () => {
    const checkpoint = new Checkpoint(folder, log);
    await checkpoint.save(aSet(1, 'same'));
    const before = await readFile(path(), 'utf8');
    await checkpoint.save(aSet(2, 'same'));
    expect(await readFile(path(), 'utf8')).toBe(before);
    await checkpoint.save(aSet(3, 'other'));
    expect(await readFile(path(), 'utf8')).not.toBe(before);
  });

  it('holds the last of many sets that come at once', async () => {
    const checkpoint = new Checkpoint(folder, log);
    await Promise.all([1, 2, 3, 4].map(generation => checkpoint.save(aSet(generation))));
    expect((await load()).set).toEqual(aSet(4));
  });

  it('takes a set that comes right after one that needed no writing', async () => {
    const checkpoint = new Checkpoint(folder, log);
    await checkpoint.save(aSet(1));
    await Promise.all([checkpoint.save(aSet(1)), checkpoint.save(aSet(2))]);
    expect((await load()).set).toEqual(aSet(2));
  });

  it('takes a set that comes in the same turn as the one before it is found written', async () => {
    const checkpoint = new Checkpoint(folder, log);
    await checkpoint.save(aSet(1));
    const first = checkpoint.save(aSet(1));
    await Promise.resolve();
    await Promise.all([first, checkpoint.save(aSet(3))]);
    expect((await load()).set).toEqual(aSet(3));
  });

  it('that cannot be written says why, and is written as soon as it can be', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const taken = join(folder, 'taken');
    await writeFile(taken, 'no folder');
    const checkpoint = new Checkpoint(taken, log);
    const running = checkpoint.run(clock, stop.signal);
    await checkpoint.save(aSet(1));
    expect(checkpoint.failure).toMatch(/EEXIST|ENOTDIR/);
    await rm(taken);
    await clock.advance(CHECKPOINT_RETRY_MS);
    await vi.waitFor(() => expect(checkpoint.failure).toBeUndefined());
    expect((await new Checkpoint(taken, log).load()).set).toEqual(aSet(1));
    stop.abort();
    await running;
  });
});
