import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { memoryFolderOf, openMemoryFolder } from './memory-folder.ts';

it('is where install.sh looks for it', () => {
  expect(memoryFolderOf('/var/lib/pikelet/agent')).toBe('/dev/shm/pikelet-ed076d7153cc48af');
});

it('is for the agent alone, and never on disk where there is shared memory', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pikelet-data-'));
  const onDisk: string[] = [];
  const folder = await openMemoryFolder(dataDir, place => onDisk.push(place));
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(await openMemoryFolder(dataDir, () => {})).toBe(folder);
  expect(await readdir(dataDir)).toEqual(onDisk.length > 0 ? ['memory'] : []);
  for (const each of [folder, dataDir]) await rm(each, { recursive: true, force: true });
});
