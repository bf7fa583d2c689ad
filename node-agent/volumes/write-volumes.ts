/** Makes volumes stand on the device as planned. Owns the pods' folders; never touches a host path but to create it where its type says so. */
import { chmod, mkdir, readdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf } from '../../shared/digest.ts';
import { errorCode } from '../../shared/error-code.ts';
import { RenderError } from '../sync/render-error.ts';
import type { PreparedVolume, ProjectedFile } from './plan-volume.ts';
import { podFolder } from './plan-volume.ts';

/** Prepares one volume; doing so again changes nothing and writes nothing. Throws RenderError when a host path is not of its type. */
export async function prepareVolume(volume: PreparedVolume): Promise<void> {
  switch (volume.kind) {
    case 'directory':
      await makeWorldWritable(volume.path);
      return;
    case 'host':
      await prepareHostPath(volume.path, volume.hostType);
      return;
    case 'projected':
      await project(volume.path, volume.files);
      return;
    case 'tmpfs':
  }
}

/** As Kubernetes's emptyDir: every user in the container may write. */
async function makeWorldWritable(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o777);
}

async function prepareHostPath(path: string, hostType: string): Promise<void> {
  if (hostType === '') return;
  if (hostType === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 });
  if (hostType === 'FileOrCreate') await writeFile(path, '', { flag: 'a', mode: 0o644 });
  // What cannot be looked at is none of the types.
  const found = await stat(path).catch(() => undefined);
  const is = {
    Directory: found?.isDirectory(),
    DirectoryOrCreate: found?.isDirectory(),
    File: found?.isFile(),
    FileOrCreate: found?.isFile(),
    Socket: found?.isSocket(),
    CharDevice: found?.isCharacterDevice(),
    BlockDevice: found?.isBlockDevice(),
  };
  const fits = Object.entries(is).find(([name]) => name === hostType)?.[1];
  if (!fits) throw new RenderError(`hostPath type check failed: ${path} is not a ${hostType}`);
}

/**
 * Writes files as Kubernetes does, so that a container sees all of an update or nothing of it: they stand in a folder
 * named by their digest, `..data` points to it and is replaced by a rename, and each file's own name points through `..data`.
 */
async function project(path: string, files: readonly ProjectedFile[]): Promise<void> {
  const version = `..${digestOf(files.map(({ bytes, ...rest }) => ({ ...rest, bytes: Buffer.from(bytes).toString('base64') })))}`;
  const pointer = join(path, '..data');
  // None yet, or something else, which the rename below replaces.
  const before = await readlink(pointer).catch(() => undefined);
  if (before === version) return;
  await mkdir(join(path, version), { recursive: true });
  for (const file of files) {
    const target = join(path, version, file.path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, file.bytes, { mode: file.mode });
  }
  await rm(join(path, '..data_tmp'), { force: true });
  await symlink(version, join(path, '..data_tmp'));
  await rename(join(path, '..data_tmp'), pointer);
  await linkNames(path, files);
  if (before) await rm(join(path, before), { recursive: true, force: true });
}

async function linkNames(path: string, files: readonly ProjectedFile[]): Promise<void> {
  const names = new Set(files.map(file => file.path.split('/')[0] ?? file.path));
  for (const name of await readdir(path))
    if (!name.startsWith('..') && !names.has(name)) await rm(join(path, name), { force: true });
  for (const name of names)
    await symlink(join('..data', name), join(path, name)).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
}

/** Deletes all that a pod has on disk; its host paths stay. */
export async function deletePodFolder(podsFolder: string, uid: string): Promise<void> {
  await rm(podFolder(podsFolder, uid), { recursive: true, force: true });
}

/** Uids of the pods that have a folder; none when there is no such place yet, or none that can be read. */
export async function podFolders(podsFolder: string): Promise<readonly string[]> {
  return readdir(podsFolder).catch(() => []);
}
