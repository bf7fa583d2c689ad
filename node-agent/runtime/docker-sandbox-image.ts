/** Brings the sandbox's image to the engine as `docker import` does: no registry is asked. */
import { RuntimeError, SANDBOX_IMAGE } from './container-runtime.ts';
import type { DockerConnection } from './docker-connection.ts';
import { lineError, splitReference } from './docker-pull.ts';
import { ACT_TIMEOUT_MS } from './limits.ts';
import { pauseProgram } from './pause-program.ts';
import { tarOfProgram } from './tar-file.ts';

/** Doing so again gives the same image. Throws RuntimeError. */
export async function makeSandboxImage(
  connection: DockerConnection,
  architecture: string,
  signal?: AbortSignal,
): Promise<void> {
  const operation = 'makeSandboxImage';
  const program = pauseProgram(architecture);
  if (!program)
    throw new RuntimeError(operation, 'other', `no sandbox program for the architecture ${architecture}`);
  const { name, tag } = splitReference(SANDBOX_IMAGE);
  const request = {
    operation,
    method: 'POST',
    path: '/images/create',
    query: { fromSrc: '-', repo: name, tag },
    archive: tarOfProgram('pause', program),
    timeoutMs: ACT_TIMEOUT_MS,
  } as const;
  const progress = (await connection.send(request, signal)).split('\n');
  const message = progress.map(lineError).find(each => each !== undefined);
  if (message !== undefined) throw new RuntimeError(operation, 'other', message);
}
