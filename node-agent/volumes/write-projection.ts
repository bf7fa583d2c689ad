/** Writes projected files as Kubernetes does, so that a container sees all of an update or nothing of it. */
import { chmod, chown, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf } from '../../shared/digest.ts';
import { errorCode } from '../../shared/error-code.ts';
import { makeFolders } from './make-folders.ts';
import type { PreparedVolume } from './plan-volume.ts';
import type { ProjectedFile } from './projected-files.ts';

type Projection = Extract<PreparedVolume, { kind: 'projected' }>;

const FOLDER_MODE = 0o755;
/** What an fsGroup is given of files and folders that nobody may write. */
const GROUP_READS = 0o440;

/**
 * They stand in a folder named by their digest, `..data` points to it and is replaced by a rename, and each file's own name
 * points through `..data`. The same files again write nothing. Source: k8s.io/kubernetes/pkg/volume/util/atomic_writer.go.
 */
export async function writeProjection({ path, files, groupId }: Projection): Promise<void> {
  const version = `..${digestOf([groupId, files.map(({ bytes, ...rest }) => ({ ...rest, bytes: Buffer.from(bytes).toString('base64') }))])}`;
  const pointer = join(path, '..data');
  // None yet, or something else, which the rename below replaces.
  const before = await readlink(pointer).catch(() => undefined);
  await makeFolders(path, FOLDER_MODE);
  if (before !== version) {
    await rm(join(path, version), { recursive: true, force: true });
    await makeFolders(join(path, version), FOLDER_MODE);
    for (const file of files) await writeFileOf(join(path, version), file, groupId);
    await rm(join(path, '..data_tmp'), { force: true });
    await symlink(version, join(path, '..data_tmp'));
    await rename(join(path, '..data_tmp'), pointer);
  }
  await linkNames(path, files);
  if (before && before !== version) await rm(join(path, before), { recursive: true, force: true });
}

async function writeFileOf(
  folder: string,
  { path, bytes, mode, userId }: ProjectedFile,
  groupId: number | undefined,
): Promise<void> {
  const target = join(folder, path);
  await makeFolders(dirname(target), FOLDER_MODE);
  await writeFile(target, bytes, { mode: 0o600 });
  if (userId !== undefined || groupId !== undefined)
    await chown(target, userId ?? process.geteuid?.() ?? 0, groupId ?? process.getegid?.() ?? 0);
  await chmod(target, groupId === undefined ? mode : mode | GROUP_READS);
}

async function linkNames(path: string, files: readonly ProjectedFile[]): Promise<void> {
  const names = new Set(files.map(file => file.path.split('/')[0] ?? file.path));
  for (const name of names)
    await symlink(join('..data', name), join(path, name)).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  // A folder is there only because a sub-path named it.
  for (const entry of await readdir(path, { withFileTypes: true }))
    if (entry.isSymbolicLink() && !entry.name.startsWith('..') && !names.has(entry.name))
      await rm(join(path, entry.name), { force: true });
}
