/**
 * Parts of volumes. A link in a volume may lead out of it (a container can make any), so where a part really is counts. What
 * a container changes between this look and the mount is not noticed.
 */
import { realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { errorCode } from '../../shared/error-code.ts';
import { RenderError } from '../sync/render-error.ts';
import { makeFolders } from './make-folders.ts';

export type SubPath = {
  /** Where the volume stands. */
  readonly volume: string;
  /** Within it. */
  readonly path: string;
  /** The two joined. */
  readonly source: string;
};

/** Where the part really is; a folder is made, with the volume's mode, where nothing is. Throws RenderError when it is outside of the volume. */
export async function prepareSubPath({ volume, path }: SubPath): Promise<string> {
  const root = await realpath(volume);
  const missing: string[] = [];
  const parts = path.split('/').filter(part => part !== '' && part !== '.');
  let found = await realPathIn(root, parts);
  while (found === undefined) {
    missing.unshift(parts.pop() ?? '');
    found = await realPathIn(root, parts);
  }
  const inside = relative(root, found);
  if (inside === '..' || inside.startsWith(`..${sep}`))
    throw new RenderError(`subPath "${path}" leaves its volume`);
  const real = join(found, ...missing);
  if (missing.length > 0) await makeFolders(real, (await stat(root)).mode & 0o7777);
  return real;
}

/** Undefined when there is nothing. */
async function realPathIn(root: string, parts: readonly string[]): Promise<string | undefined> {
  try {
    return await realpath(join(root, ...parts));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
