/** The hooks of a container in their places: after its start, and before it is stopped. */
import type * as core from 'kubernetes-types/core/v1';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { GRACE_SECONDS_MIN } from '../limits.ts';
import { HookError, runHook } from '../probes/run-hook.ts';
import { type ContainerRuntime, RuntimeError } from '../runtime/container-runtime.ts';
import type { SyncMemory } from './memory.ts';
import { podIpOf, viewPod } from './pod-view.ts';

export type HookDeps = {
  readonly runtime: ContainerRuntime;
  readonly memory: SyncMemory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly facts: () => { readonly hostIp: string };
};

/** A container that runs, and the pod it is of. */
export type HookedContainer = {
  readonly document: PodDocument;
  readonly container: core.Container;
  readonly id: string;
};

/** Why the postStart hook failed; undefined when it ended well or there is none. Rejects with the signal's reason when aborted. */
export async function runPostStart(
  deps: HookDeps,
  hooked: HookedContainer,
  signal: AbortSignal,
): Promise<string | undefined> {
  const handler = hooked.container.lifecycle?.postStart;
  return handler && run(deps, hooked, handler, signal);
}

/**
 * Runs the preStop hook, once, and cuts it off when the grace period ends; with no grace it is not run. Answers the seconds that
 * are left to the container, and whether the hook failed. Rejects with the signal's reason when aborted.
 */
export async function runPreStop(
  deps: HookDeps,
  hooked: HookedContainer,
  graceSeconds: number,
  signal: AbortSignal,
): Promise<{ readonly leftSeconds: number; readonly hasFailed: boolean }> {
  const { memory, clock } = deps;
  const handler = hooked.container.lifecycle?.preStop;
  if (!handler || graceSeconds <= 0 || memory.preStopped.has(hooked.id))
    return { leftSeconds: graceSeconds, hasFailed: false };
  memory.preStopped.add(hooked.id);
  const fromMs = clock.monotonicMs();
  const late = new AbortController();
  const onAbort = () => late.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const cancel = clock.after(graceSeconds * 1000, () => late.abort());
  let failure: string | undefined;
  try {
    failure = await run(deps, hooked, handler, late.signal);
  } catch (error) {
    if (signal.aborted || !late.signal.aborted) throw error;
    deps.log.warn({ pod: hooked.document.name, container: hooked.container.name }, 'preStop hook cut off');
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
  const leftSeconds = Math.floor(graceSeconds - (clock.monotonicMs() - fromMs) / 1000);
  return {
    leftSeconds: Math.max(GRACE_SECONDS_MIN, leftSeconds),
    hasFailed: failure !== undefined,
  };
}

async function run(
  deps: HookDeps,
  { document, container, id }: HookedContainer,
  handler: core.LifecycleHandler,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const host = () => podHost(deps, document, signal);
    await runHook({ ...deps, host }, handler, { container, containerId: id }, signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    const isItsOwn = error instanceof HookError || error instanceof RuntimeError;
    if (!isItsOwn || (error instanceof RuntimeError && error.failure === 'unreachable')) throw error;
    deps.log.warn(
      { pod: document.name, container: container.name, reason: error.message },
      'lifecycle hook failed',
    );
    return error.message;
  }
}

/** Asked of the engine: a container that has just started is in no status yet. */
async function podHost(deps: HookDeps, document: PodDocument, signal: AbortSignal): Promise<string> {
  const pod = viewPod(document, await deps.runtime.list(signal), deps.memory);
  const ip = podIpOf(pod, deps.facts().hostIp || '127.0.0.1');
  if (ip === undefined) throw new HookError(`pod ${document.name} has no address`);
  return ip;
}
