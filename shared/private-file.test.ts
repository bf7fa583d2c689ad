import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readIfThere, writePrivateFile } from './private-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-private-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('is readable by its owner alone, whatever a crash left beside it', async () => {
  const path = join(folder, 'below', 'secret');
  await writePrivateFile(path, 'first');
  await writeFile(`${path}.draft`, 'half a te', { mode: 0o666 });
  await writePrivateFile(path, 'second');
  expect(await readFile(path, 'utf8')).toBe('second');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, 'below'))).toEqual(['secret']);
});

test('keeps what stood there before, when asked', async () => {
  const [path, previous] = [join(folder, 'set'), join(folder, 'set.previous')];
  await writePrivateFile(path, 'first', previous);
  expect(await readIfThere(previous)).toBeUndefined();
  await writePrivateFile(path, 'second', previous);
  expect(await readIfThere(previous)).toBe('first');
  expect(await readIfThere(path)).toBe('second');
});

test('leaves nothing behind when it fails', async () => {
  const path = join(folder, 'taken');
  await writePrivateFile(join(path, 'file'), 'x');
  await expect(writePrivateFile(path, 'text')).rejects.toMatchObject({ code: expect.any(String) });
  expect(await readdir(folder)).toEqual(['taken']);
});
