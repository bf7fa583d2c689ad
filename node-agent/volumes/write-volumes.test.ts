import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareSubPath } from './sub-path.ts';
import { deletePodFolder, deleteVolume, podFolders, prepareVolume } from './write-volumes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-volumes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const umask = process.umask();
afterEach(() => process.umask(umask));

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

it('gives files and folders their modes whatever the umask is', async () => {
  process.umask(0o077);
  await prepareVolume(projected({ 'sub/b': '2' }));
  const modeOf = async (name: string) => (await stat(join(folder, name))).mode & 0o777;
  expect([await modeOf('v'), await modeOf('v/sub'), await modeOf('v/sub/b')]).toEqual([0o755, 0o755, 0o640]);
});

it('prepares a volume for several containers at once', async () => {
  const [one, two] = [projected({ a: '1', b: '1' }), projected({ a: '2' })];
  await Promise.all([one, one, two, one, two].map(prepareVolume));
  expect(await read('a')).toBe('2');
  expect((await readdir(join(folder, 'v'))).filter(name => !name.startsWith('..'))).toEqual(['a']);
});

it.runIf(process.geteuid?.() === 0)('lets the group of the pod read files and write folders', async () => {
  await prepareVolume({ ...projected({ a: '1' }), groupId: 4321 });
  const file = await stat(join(folder, 'v', 'a'));
  expect([file.gid, file.mode & 0o777]).toEqual([4321, 0o640]);
  await prepareVolume({ kind: 'directory', path: join(folder, 'd'), groupId: 4321 });
  const directory = await stat(join(folder, 'd'));
  expect([directory.gid, directory.mode & 0o7777]).toEqual([4321, 0o2777]);
});

it.runIf(process.geteuid?.() === 0)('mounts memory of a size, once, and takes it away', async () => {
  const path = join(folder, 'uid-1', 'volumes', 'm');
  const volume = { kind: 'memory' as const, path, sizeBytes: 64 * 1024 };
  await prepareVolume(volume);
  await writeFile(join(path, 'kept'), 'x');
  await prepareVolume(volume);
  expect(await readdir(path)).toEqual(['kept']);
  await expect(writeFile(join(path, 'large'), Buffer.alloc(128 * 1024))).rejects.toThrow('ENOSPC');
  await deletePodFolder(folder, 'uid-1');
  expect(await podFolders(folder)).toEqual([]);
});

describe('a part of a volume', () => {
  const partOf = (path: string) =>
    prepareSubPath({ volume: join(folder, 'v'), path, source: join(folder, 'v', path) });
  beforeEach(() => mkdir(join(folder, 'v', 'there'), { recursive: true }));

  it('is made where it is missing', async () => {
    expect(await partOf('there/a/b')).toBe(join(folder, 'v', 'there', 'a', 'b'));
    expect((await stat(join(folder, 'v', 'there', 'a', 'b'))).isDirectory()).toBe(true);
  });

  it('is found through links within the volume', async () => {
    await symlink('there', join(folder, 'v', 'link'));
    expect(await partOf('link/a')).toBe(join(folder, 'v', 'there', 'a'));
  });

  it.each(['link', 'link/new'])('is refused where a link leads out of it: %s', async path => {
    await mkdir(join(folder, 'out'));
    await symlink('../out', join(folder, 'v', 'link'));
    await expect(partOf(path)).rejects.toThrow('leaves its volume');
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });
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
  { hostType: 'Directory', isThere: true, want: 'is not a directory' },
  { hostType: 'File', isThere: false, want: 'is not a file' },
  { hostType: 'Nonsense', isThere: true, want: 'is not known' },
])('checks a host path of type $hostType', async ({ hostType, isThere, want }) => {
  const path = join(folder, 'h');
  if (isThere) await writeFile(path, '');
  const prepared = prepareVolume({ kind: 'host', volume: 'v', path, hostType });
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

it('makes a volume that outlives pods once, and leaves what they make of it', async () => {
  const path = join(folder, 'volumes', 'pvc-1');
  const volume = { kind: 'kept' as const, path, name: 'pvc-1', readOnly: false };
  await prepareVolume(volume);
  expect((await stat(path)).mode & 0o777).toBe(0o777);
  await writeFile(join(path, 'data'), 'kept');
  await chmod(path, 0o700);
  await prepareVolume(volume);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect(await readFile(join(path, 'data'), 'utf8')).toBe('kept');
  expect(await podFolders(join(folder, 'volumes'))).toEqual(['pvc-1']);
  await deleteVolume(join(folder, 'volumes'), 'pvc-1');
  expect(await podFolders(join(folder, 'volumes'))).toEqual([]);
});
