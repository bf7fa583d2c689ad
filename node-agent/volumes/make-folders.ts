/** Folders whose mode is what was asked for: that of mkdir is cut by the umask, and the agent's is strict. */
import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes what is missing of `path`, each folder of it with `mode`; leaves what is there. */
export async function makeFolders(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let each = path; each.length >= first.length; each = dirname(each)) await chmod(each, mode);
}
