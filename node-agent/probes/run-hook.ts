/** Runs a lifecycle hook once, by its handler. */
import type * as core from 'kubernetes-types/core/v1';
import type { Clock } from '../../shared/clock.ts';
import type { ContainerRuntime } from '../runtime/container-runtime.ts';
import { execCommand } from './exec-command.ts';

/** The hook did not do its work; `message` is for the log and the container's status, never for an event: it may quote secrets. */
export class HookError extends Error {
  override readonly name = 'HookError';
}

/**
 * Resolves when the hook has ended well. An answer to httpGet is one whatever its status, as in the kubelet. Rejects with the
 * signal's reason when aborted. Throws HookError, or RuntimeError when the engine cannot run the command.
 */
export async function runHook(
  deps: {
    readonly runtime: ContainerRuntime;
    readonly clock: Clock;
    /** The pod's address, asked for only when the hook needs it. */
    readonly host: () => Promise<string>;
  },
  handler: core.LifecycleHandler,
  target: { readonly container: core.Container; readonly containerId: string },
  signal: AbortSignal,
): Promise<void> {
  const { container, containerId } = target;
  const { exec, httpGet: action, sleep } = handler;
  if (exec) {
    const command = exec.command ?? [];
    const { exitCode, output } = await execCommand(deps.runtime, containerId, command, signal);
    if (exitCode !== 0)
      throw new HookError(
        `Exec lifecycle hook ([${command.join(' ')}]) for Container "${container.name}" failed - error: command exited with ${exitCode}, message: ${JSON.stringify(output)}`,
      );
  } else if (action) {
    const host = await deps.host();
    const { httpGet, httpRequestOf } = await import('./http-get.ts');
    try {
      // A port in a hook may be left out.
      const request = httpRequestOf(
        { ...action, port: action.port || 80 },
        { host, container, userAgent: 'lifecycle' },
      );
      await httpGet(request, signal);
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      throw new HookError(
        `HTTP lifecycle hook (${action.path ?? ''}) for Container "${container.name}" failed - error: ${why}`,
      );
    }
  } else if (sleep) await deps.clock.sleep(sleep.seconds * 1000, signal);
  else throw new HookError(`invalid handler: ${Object.keys(handler).join()}`);
}
