/** Makes volumes stand on the device as planned. Owns the pods' folders; never touches a host path but to create it where its type says so. */
import { chmod, chown, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assertNever } from '../../shared/assert-never.ts';
import { errorCode } from '../../shared/error-code.ts';
import { MountError, RenderError } from '../sync/render-error.ts';
import { makeFolders } from './make-folders.ts';
import { mountMemory, unmountMemory } from './mount-memory.ts';
import type { PreparedVolume } from './plan-volume.ts';
import { podFolder } from './plan-volume.ts';
import { writeProjection } from './write-projection.ts';

/** By path: the last preparation under way. Containers of one pod start side by side and share volumes. */
const underWay = new Map<string, Promise<void>>();

/** Prepares one volume; doing so again changes nothing and writes nothing. Throws MountError when a host path is not of its type. */
export async function prepareVolume(volume: PreparedVolume): Promise<void> {
  const before = underWay.get(volume.path) ?? Promise.resolve();
  // How the one before it went is told to whoever asked for that one.
  const preparing = before.catch(() => {}).then(() => prepare(volume));
  underWay.set(volume.path, preparing);
  try {
    await preparing;
  } finally {
    if (underWay.get(volume.path) === preparing) underWay.delete(volume.path);
  }
}

async function prepare(volume: PreparedVolume): Promise<void> {
  switch (volume.kind) {
    case 'host':
      return prepareHostPath(volume);
    case 'directory':
      await mkdir(dirname(volume.path), { recursive: true, mode: 0o700 });
      await makeFolders(volume.path, 0o755);
      return letAllWrite(volume.path, volume.groupId);
    case 'memory':
      await mkdir(dirname(volume.path), { recursive: true, mode: 0o700 });
      await makeFolders(volume.path, 0o755);
      await mountMemory(volume.path, volume.sizeBytes);
      return letAllWrite(volume.path, volume.groupId);
    case 'kept':
      return prepareKept(volume.path, volume.groupId);
    case 'projected':
      await mkdir(dirname(volume.path), { recursive: true, mode: 0o700 });
      return writeProjection(volume);
    default:
      assertNever(volume, 'volume');
  }
}

/** As Kubernetes's emptyDir: every user in the container may write; with an fsGroup, what they write belongs to it. */
async function letAllWrite(path: string, groupId: number | undefined): Promise<void> {
  if (groupId !== undefined) await chown(path, process.geteuid?.() ?? 0, groupId);
  await chmod(path, groupId === undefined ? 0o777 : 0o2777);
}

/** What its pods made of its mode and owner stays: a database insists on them. */
async function prepareKept(path: string, groupId: number | undefined): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await mkdir(path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    throw error;
  }
  await letAllWrite(path, groupId);
}

type Found = Awaited<ReturnType<typeof stat>>;

/** Type → what it must be, in Kubernetes's words. */
const HOST_TYPES: Readonly<Record<string, readonly [is: (found: Found) => boolean, what: string]>> = {
  Directory: [found => found.isDirectory(), 'a directory'],
  DirectoryOrCreate: [found => found.isDirectory(), 'a directory'],
  File: [found => found.isFile(), 'a file'],
  FileOrCreate: [found => found.isFile(), 'a file'],
  Socket: [found => found.isSocket(), 'a socket file'],
  CharDevice: [found => found.isCharacterDevice(), 'a character device'],
  BlockDevice: [found => found.isBlockDevice(), 'a block device'],
};

async function prepareHostPath({
  volume,
  path,
  hostType,
}: Extract<PreparedVolume, { kind: 'host' }>): Promise<void> {
  // What cannot be looked at is none of the types.
  const before = await stat(path).catch(() => undefined);
  // Without a type nothing is checked, and a folder is made as container engines do.
  if (!before && (hostType === 'DirectoryOrCreate' || hostType === '')) await makeFolders(path, 0o755);
  if (!before && hostType === 'FileOrCreate') {
    await writeFile(path, '', { flag: 'a' });
    await chmod(path, 0o644);
  }
  if (hostType === '') return;
  const [is, what] = HOST_TYPES[hostType] ?? [];
  const found = before ?? (await stat(path).catch(() => undefined));
  const fail = (message: string) => new MountError(volume, new RenderError(message));
  if (!is || !what) throw fail(`hostPath type "${hostType}" is not known`);
  if (!found || !is(found)) throw fail(`hostPath type check failed: ${path} is not ${what}`);
}

/** Deletes all that a pod has below this folder; its host paths stay. */
export async function deletePodFolder(folder: string, uid: string): Promise<void> {
  const pod = podFolder(folder, uid);
  const volumes = join(pod, 'volumes');
  // No such folder: the pod has no volumes here.
  for (const name of await readdir(volumes).catch(() => [])) await unmountMemory(join(volumes, name));
  await rm(pod, { recursive: true, force: true });
}

/** Deletes one volume that outlives pods, with all that is in it. */
export async function deleteVolume(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { recursive: true, force: true });
}

/** Uids of the pods, or names of the volumes, that have a folder there; none when there is no such place yet, or none that can be read. */
export async function podFolders(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
