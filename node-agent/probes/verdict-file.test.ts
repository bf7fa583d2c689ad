import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VerdictFile } from './verdict-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-verdicts-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('keeps what is good of each container for the next process', async () => {
  const file = new VerdictFile(folder);
  expect(await file.load()).toEqual([]);
  await file.save(
    new Map([
      ['a', { startup: 'success', liveness: 'success', readiness: 'success', readySinceMs: 7 }],
      ['b', { liveness: 'success', readiness: 'failure' }],
      ['c', { startup: 'success', readiness: 'failure' }],
    ] as const),
  );
  expect(await new VerdictFile(folder).load()).toEqual([
    ['a', { startup: 'success', readiness: 'success', readySinceMs: 7 }],
    ['c', { startup: 'success' }],
  ]);
});

test('writes the newest of what comes while it writes', async () => {
  const file = new VerdictFile(folder);
  const first = file.save(new Map([['a', { startup: 'success' }]] as const));
  const second = file.save(new Map([['b', { startup: 'success' }]] as const));
  await Promise.all([first, second]);
  expect(await new VerdictFile(folder).load()).toEqual([['b', { startup: 'success' }]]);
});

test('a damaged file is none', async () => {
  await writeFile(join(folder, 'verdicts.json'), '[["a",');
  expect(await new VerdictFile(folder).load()).toEqual([]);
});
