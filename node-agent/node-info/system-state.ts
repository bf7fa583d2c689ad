/** Whether the device itself is going down. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The longest wait for systemd's answer, milliseconds. */
const ANSWER_TIMEOUT_MS = 2000;

/** True while systemd shuts the device down or reboots it. False, too, without systemd, or when it does not say. */
export async function isSystemStopping(): Promise<boolean> {
  const asking = promisify(execFile)('systemctl', ['is-system-running'], { timeout: ANSWER_TIMEOUT_MS });
  // For most states it ends with an exit code, and says them all the same.
  const { stdout } = await asking.catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
  return stdout.trim() === 'stopping';
}
