/**
 * Memory file systems of a size of their own. Only root may mount; for others the folder, which lies in memory already, is
 * used as it is and its size is not kept.
 */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { RenderError } from '../sync/render-error.ts';

const run = promisify(execFile);

/** Mounts one on the folder unless one is there. Throws RenderError with mount's own words. */
export async function mountMemory(path: string, sizeBytes: number): Promise<void> {
  if (process.geteuid?.() !== 0 || (await isMountPoint(path))) return;
  const options = `size=${sizeBytes},mode=0777,nosuid,nodev`;
  await mount('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
}

/** Takes away what is mounted there, if anything is. A container that still has it keeps it until it ends. */
export async function unmountMemory(path: string): Promise<void> {
  if (await isMountPoint(path)) await mount('umount', ['--lazy', path]);
}

async function isMountPoint(path: string): Promise<boolean> {
  const [own, parent] = await Promise.all([stat(path), stat(dirname(path))]);
  return own.dev !== parent.dev;
}

async function mount(program: 'mount' | 'umount', args: readonly string[]): Promise<void> {
  try {
    await run(program, args);
  } catch (error) {
    const said = error instanceof Error ? error.message.trim() : String(error);
    throw new RenderError(`memory volume: ${said}`, { cause: error });
  }
}
