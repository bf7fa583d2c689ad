/** Makes the sandbox of a pod, and its image when the device has none: it may have been pruned. */
import { type ContainerSpec, RuntimeError } from '../runtime/container-runtime.ts';
import type { ExecuteDeps } from './execute-step.ts';
import { containerKey, noteFailure } from './memory.ts';
import { renderSandbox } from './render-sandbox.ts';
import { resolverFor } from './resolver.ts';
import { failureMessage } from './step-failure.ts';
import type { Step } from './steps.ts';

/** As `executeStep`. Events are in the kubelet's words. */
export async function runSandbox(
  deps: ExecuteDeps,
  { uid, container, attempt }: Extract<Step, { kind: 'run-sandbox' }>,
  signal: AbortSignal,
): Promise<void> {
  const held = deps.documentOf(uid);
  if (!held) return;
  const { runtime, memory, clock, emit, log } = deps;
  const key = containerKey(uid, container);
  if (attempt > 0) {
    const message = 'Pod sandbox changed, it will be killed and re-created.';
    emit({ podUid: uid, type: 'Normal', reason: 'SandboxChanged', message });
  }
  try {
    const spec = renderSandbox(held.document, attempt, await resolverFor(held.document.spec));
    await runtime.start(await create(deps, spec, signal), signal);
    memory.failures.delete(key);
  } catch (error) {
    const message = failureMessage(error, signal);
    const { digest, document } = held;
    noteFailure(memory, { key, reason: 'CreateContainerError', message, digest }, clock.monotonicMs());
    const shown = `Failed to create pod sandbox: ${message}`;
    emit({ podUid: uid, type: 'Warning', reason: 'FailedCreatePodSandBox', message: shown });
    log.warn({ pod: document.name, reason: message }, 'pod sandbox failed');
  }
}

async function create({ runtime }: ExecuteDeps, spec: ContainerSpec, signal: AbortSignal): Promise<string> {
  try {
    return (await runtime.create(spec, signal)).id;
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.failure !== 'image-not-found') throw error;
  }
  await runtime.makeSandboxImage(signal);
  return (await runtime.create(spec, signal)).id;
}
