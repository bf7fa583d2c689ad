import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deletePodFolder, podFolders, prepareVolume } from './write-volumes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-volumes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function projected(files: Readonly<Record<string, string>>) {
  const entries = Object.entries(files);
  return {
    kind: 'projected' as const,
    path: join(folder, 'v'),
    files: entries.map(([path, text]) => ({ path, bytes: Buffer.from(text), mode: 0o640 })),
  };
}

const read = (name: string) => readFile(join(folder, 'v', name), 'utf8');

it('projects files, and changes all of them in one step', async () => {
  await prepareVolume(projected({ a: '1', 'sub/b': '2' }));
  expect([await read('a'), await read('sub/b')]).toEqual(['1', '2']);
  expect((await stat(join(folder, 'v', 'a'))).mode & 0o777).toBe(0o640);
  const before = await readlink(join(folder, 'v', '..data'));
  await prepareVolume(projected({ a: '1', 'sub/b': '2' }));
  expect(await readlink(join(folder, 'v', '..data'))).toBe(before);
  await prepareVolume(projected({ a: '3', c: '4' }));
  expect([await read('a'), await read('c')]).toEqual(['3', '4']);
  const names = await readdir(join(folder, 'v'));
  expect(names.filter(name => !name.startsWith('..')).sort()).toEqual(['a', 'c']);
  expect(names).toHaveLength(4);
});

it('lets every user write in an empty directory', async () => {
  await prepareVolume({ kind: 'directory', path: join(folder, 'd') });
  expect((await stat(join(folder, 'd'))).mode & 0o777).toBe(0o777);
});

it.each([
  { hostType: '', isThere: false, want: undefined },
  { hostType: 'DirectoryOrCreate', isThere: false, want: undefined },
  { hostType: 'FileOrCreate', isThere: false, want: undefined },
  { hostType: 'File', isThere: true, want: undefined },
  { hostType: 'Directory', isThere: true, want: 'is not a Directory' },
  { hostType: 'File', isThere: false, want: 'is not a File' },
  { hostType: 'Nonsense', isThere: true, want: 'is not a Nonsense' },
])('checks a host path of type $hostType', async ({ hostType, isThere, want }) => {
  const path = join(folder, 'h');
  if (isThere) await writeFile(path, '');
  const prepared = prepareVolume({ kind: 'host', path, hostType });
  if (want) await expect(prepared).rejects.toThrow(want);
  else await prepared;
});

it('deletes what a pod had', async () => {
  await prepareVolume({ kind: 'directory', path: join(folder, 'uid-1', 'volumes', 'v') });
  expect(await podFolders(folder)).toEqual(['uid-1']);
  await deletePodFolder(folder, 'uid-1');
  expect(await podFolders(folder)).toEqual([]);
  expect(await podFolders(join(folder, 'none'))).toEqual([]);
});
