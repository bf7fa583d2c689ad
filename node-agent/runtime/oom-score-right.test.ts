import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { canLowerOomScores } from './oom-score-right.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-oom-'));
});
afterEach(() => rm(folder, { recursive: true }));

it.each([
  { name: 'a machine', status: 'CapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n', want: true },
  { name: 'a container', status: 'CapEff:\t000001ffffffffff\nCapBnd:\t000001fffeffffff\n', want: false },
  { name: 'a kernel that does not say', status: 'Name:\tnode\n', want: true },
])('is told by $name', async ({ status, want }) => {
  const file = join(folder, 'status');
  await writeFile(file, status);
  expect(await canLowerOomScores(file)).toBe(want);
});

it('is there where nothing can be read', async () => {
  expect(await canLowerOomScores(join(folder, 'none'))).toBe(true);
});
