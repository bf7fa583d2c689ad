/** Whether scores below the ordinary can be given to processes of this machine. */
import { readFile } from 'node:fs/promises';

/** The bit of CAP_SYS_RESOURCE: capabilities(7). */
const CAP_SYS_RESOURCE = 24n;

/**
 * False where whoever started this machine's programs has kept that right back, as from a container: an engine in there
 * cannot start what asks for such a score. An engine without root of its own sees to it itself.
 */
export async function canLowerOomScores(statusFile = '/proc/self/status'): Promise<boolean> {
  const status = await readFile(statusFile, 'utf8').catch(() => '');
  // What the agent may not have, no program beside it has; that it has less than they is no matter.
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return bounding === undefined || ((BigInt(`0x${bounding}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}
