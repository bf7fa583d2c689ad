/** A command run in a container for its exit code and its first words. */
import type { ContainerRuntime } from '../runtime/container-runtime.ts';
import { ANSWER_BYTES_MAX } from './limits.ts';

/**
 * Runs it to its end; `output` is what it printed on both streams, cut off. Rejects with the signal's reason when aborted, and then
 * the command is killed. Throws RuntimeError when it cannot be run at all.
 */
export async function execCommand(
  runtime: ContainerRuntime,
  containerId: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const options = { command, stdin: false, stdout: true, stderr: true, tty: false, killOnAbort: true };
  const stream = await runtime.exec(containerId, options, signal);
  const pieces: Uint8Array[] = [];
  let roomBytes = ANSWER_BYTES_MAX;
  for await (const { bytes } of stream.output) {
    if (roomBytes > 0) pieces.push(bytes.subarray(0, roomBytes));
    roomBytes -= bytes.byteLength;
  }
  signal.throwIfAborted();
  const exitCode = await stream.exitCode();
  return { exitCode: exitCode ?? 0, output: Buffer.concat(pieces).toString('utf8') };
}
