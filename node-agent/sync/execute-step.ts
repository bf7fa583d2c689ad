/** Carries out one step on the device and remembers what came of it. Decides nothing; a step that fails is planned again. */
import type { Logger } from 'pino';
import { assertNever } from '../../shared/assert-never.ts';
import type { Clock } from '../../shared/clock.ts';
import { allContainers } from '../../shared/kubernetes/pod-containers.ts';
import type { EventReport, PodDocument } from '../../shared/protocol/messages.ts';
import type { Device } from '../devices/device.ts';
import type { ImagePuller } from '../images/image-puller.ts';
import { pullCredentials } from '../images/pull-credentials.ts';
import { DEFAULT_GRACE_SECONDS } from '../limits.ts';
import { type ContainerRuntime, type ContainerSpec, RuntimeError } from '../runtime/container-runtime.ts';
import { planVolume } from '../volumes/plan-volume.ts';
import { prepareSubPath } from '../volumes/sub-path.ts';
import { deletePodFolder, deleteVolume, prepareVolume } from '../volumes/write-volumes.ts';
import { type HookedContainer, runPostStart, runPreStop } from './container-hooks.ts';
import { runSandbox } from './execute-sandbox.ts';
import {
  type ContainerFailureReason,
  containerKey,
  noteFailure,
  notePulled,
  notePullFailure,
  type SyncMemory,
} from './memory.ts';

import { type Rendered, type RenderFacts, renderContainer } from './render-container.ts';
import { MountError, RenderError } from './render-error.ts';
import { resolverFor } from './resolver.ts';
import { SANDBOX } from './sandbox.ts';
import { containerFieldPath } from './status-events.ts';
import { failureMessage } from './step-failure.ts';
import type { Step } from './steps.ts';
import { stopMessage } from './stop-message.ts';
import { withTerminationLog } from './termination-message.ts';

export type ExecuteDeps = {
  readonly runtime: ContainerRuntime;
  readonly puller: ImagePuller;
  readonly memory: SyncMemory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly facts: () => RenderFacts;
  readonly devices: () => readonly Device[];
  /** The document to act on, with its digest; undefined once the pod has left the index. */
  readonly documentOf: (
    uid: string,
  ) => { readonly digest: string; readonly document: PodDocument } | undefined;
  readonly emit: (event: EventReport) => void;
  /** Called when there is another image on the device, and when there is no room for one. */
  readonly onImages: () => void;
  /** Resolves when the tokens that the pod's volumes ask for are there, or are not worth waiting for. */
  readonly tokensReady: (document: PodDocument, signal: AbortSignal) => Promise<void>;
};

/**
 * Resolves when the step was done or its failure remembered. Rejects with RuntimeError `unreachable` when the engine is
 * away, and with the signal's reason when aborted: nothing is remembered of either.
 */
export async function executeStep(deps: ExecuteDeps, step: Step, signal: AbortSignal): Promise<void> {
  switch (step.kind) {
    case 'pull':
      return pull(deps, step, signal);
    case 'run':
      return run(deps, step, signal);
    case 'run-sandbox':
      return runSandbox(deps, step, signal);
    case 'start':
      return start(deps, step, signal);
    case 'stop':
      return stop(deps, step, signal);
    case 'remove':
      return deps.runtime.remove(step.id, signal);
    case 'refresh-files':
      return refreshFiles(deps, step.uid);
    case 'delete-files':
      await deletePodFolder(deps.facts().podsFolder, step.uid);
      await deletePodFolder(deps.facts().memoryFolder, step.uid);
      deps.memory.folders.delete(step.uid);
      deps.memory.projected.delete(step.uid);
      return;
    case 'remove-volume':
      await deleteVolume(deps.facts().volumesFolder, step.volume);
      deps.memory.volumes.delete(step.volume);
      return;
    default:
      assertNever(step, 'step');
  }
}

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

async function pull(deps: ExecuteDeps, step: StepOf<'pull'>, signal: AbortSignal): Promise<void> {
  const { puller, memory, clock } = deps;
  const { image, pullKey, uid } = step;
  const document = deps.documentOf(uid)?.document;
  if (!document) return;
  const tell = (type: EventReport['type'], reason: string, message: string) => {
    for (const each of step.waiting) say(deps, each, type, reason, message);
  };
  tell('Normal', 'Pulling', `Pulling image "${image}"`);
  try {
    const { credentials, missing } = pullCredentials(document, image);
    if (missing.length > 0) deps.emit(missingSecrets(uid, missing));
    const { presence, pullMs, totalMs } = await puller.pull(image, credentials, signal);
    memory.images.set(image, presence ?? 'absent');
    if (presence) memory.imageDigests.set(presence.imageId, presence.digests);
    memory.pulledAtMs.set(image, clock.monotonicMs());
    notePulled(memory, image);
    for (const each of step.waiting) memory.toldOfPull.add(containerKey(each.uid, each.container));
    const size = presence ? ` Image size: ${presence.sizeBytes} bytes.` : '';
    const took = `${formatSeconds(pullMs)} (${formatSeconds(totalMs)} including waiting).`;
    tell('Normal', 'Pulled', `Successfully pulled image "${image}" in ${took}${size}`);
    deps.onImages();
  } catch (error) {
    const message = failureMessage(error, signal);
    const failure = error instanceof RuntimeError ? error.failure : undefined;
    notePullFailure(memory, pullKey, { message, failure }, clock.monotonicMs());
    tell('Warning', 'Failed', `Failed to pull image "${image}": ${message}`);
    tell('Warning', 'Failed', 'Error: ErrImagePull');
    deps.log.warn({ image, reason: message }, 'image pull failed');
    if (failure === 'no-space') deps.onImages();
  }
}

function missingSecrets(podUid: string, names: readonly string[]): EventReport {
  const message = `Unable to retrieve some image pull secrets (${names.join(', ')}); attempting to pull the image may not succeed.`;
  return { podUid, type: 'Warning', reason: 'FailedToRetrieveImagePullSecret', message };
}

function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)}s`;
}

async function run(deps: ExecuteDeps, step: StepOf<'run'>, signal: AbortSignal): Promise<void> {
  const wanted = deps.documentOf(step.uid);
  if (wanted) await deps.tokensReady(wanted.document, signal);
  // Read anew: it may have changed, or left, while its tokens were waited for.
  const held = deps.documentOf(step.uid);
  const container = held && allContainers(held.document.spec).find(({ name }) => name === step.container);
  if (!held || !container) return;
  const { runtime, memory } = deps;
  const image = container.image ?? '';
  const fail = (reason: ContainerFailureReason, message: string) => {
    const key = containerKey(step.uid, step.container);
    noteFailure(memory, { key, reason, message, digest: held.digest }, deps.clock.monotonicMs());
    if (reason === 'ContainerCreating')
      deps.emit({ podUid: step.uid, type: 'Warning', reason: 'FailedMount', message });
    else say(deps, step, 'Warning', 'Failed', `Error: ${message}`);
    deps.log.warn(
      { pod: held.document.name, container: step.container, reason, message },
      'container failed',
    );
  };
  let id: string;
  try {
    const surroundings = {
      ...deps.facts(),
      imageUser: await imageUserOf(deps, image, signal),
      resolver: await resolverFor(held.document.spec),
      devices: deps.devices(),
      held: memory.devices.get(step.uid)?.get(step.container),
    };
    const rendered = renderContainer(held.document, container, step, surroundings);
    memory.folders.add(step.uid);
    memory.projected.set(step.uid, held.digest);
    for (const volume of rendered.volumes) if (volume.kind === 'kept') memory.volumes.add(volume.name);
    const mounted = await prepareMounts(rendered);
    const spec = await withTerminationLog(mounted, container, surroundings.podsFolder);
    if (!memory.toldOfPull.delete(containerKey(step.uid, step.container)))
      say(deps, step, 'Normal', 'Pulled', `Container image "${image}" already present on machine`);
    id = (await runtime.create(spec, signal)).id;
  } catch (error) {
    if (error instanceof RuntimeError && error.failure === 'image-not-found') memory.images.delete(image);
    return fail(createFailureReason(error), failureMessage(error, signal));
  }
  say(deps, step, 'Normal', 'Created', `Created container: ${step.container}`);
  await startCreated(deps, { ...step, id }, fail, signal);
}

function createFailureReason(error: unknown): ContainerFailureReason {
  if (error instanceof RuntimeError) return 'CreateContainerError';
  return error instanceof MountError ? 'ContainerCreating' : 'CreateContainerConfigError';
}

async function start(deps: ExecuteDeps, step: StepOf<'start'>, signal: AbortSignal): Promise<void> {
  const held = deps.documentOf(step.uid);
  const digest = held?.digest ?? '';
  const fail = (reason: ContainerFailureReason, message: string) => {
    const key = containerKey(step.uid, step.container);
    noteFailure(deps.memory, { key, reason, message, digest }, deps.clock.monotonicMs());
    say(deps, step, 'Warning', 'Failed', `Error: ${message}`);
  };
  try {
    if (held) await prepareAgain(deps, held.document, step.container);
  } catch (error) {
    return fail('RunContainerError', failureMessage(error, signal));
  }
  await startCreated(deps, step, fail, signal);
}

/** What lay in memory is gone when the device went down between a container's creation and its start. */
async function prepareAgain(deps: ExecuteDeps, document: PodDocument, name: string): Promise<void> {
  const container = allContainers(document.spec).find(each => each.name === name);
  for (const mount of container?.volumeMounts ?? [])
    await prepareVolume(planVolume(document, mount.name, deps.facts()));
}

async function startCreated(
  deps: ExecuteDeps,
  step: { readonly uid: string; readonly container: string; readonly id: string },
  fail: (reason: ContainerFailureReason, message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const held = deps.documentOf(step.uid);
  const container = held && allContainers(held.document.spec).find(({ name }) => name === step.container);
  const { starting, failures } = deps.memory;
  if (container?.lifecycle?.postStart) starting.add(step.id);
  try {
    try {
      await deps.runtime.start(step.id, signal);
    } catch (error) {
      return fail(
        'RunContainerError',
        `failed to start container "${step.container}": ${failureMessage(error, signal)}`,
      );
    }
    failures.delete(containerKey(step.uid, step.container));
    say(deps, step, 'Normal', 'Started', `Started container ${step.container}`);
    if (held && container) await finishStart(deps, step, { ...held, container, id: step.id }, signal);
  } finally {
    starting.delete(step.id);
  }
}

/** Runs the postStart hook; a container whose hook fails is killed, and its pod's restart policy does the rest. */
async function finishStart(
  deps: ExecuteDeps,
  step: { readonly uid: string; readonly container: string },
  hooked: HookedContainer & { readonly digest: string },
  signal: AbortSignal,
): Promise<void> {
  const message = await runPostStart(deps, hooked, signal);
  if (message === undefined) return;
  const { id, digest, document } = hooked;
  const key = containerKey(step.uid, step.container);
  noteFailure(deps.memory, { key, reason: 'PostStartHookError', message, digest }, deps.clock.monotonicMs());
  // What the hook said may be secret.
  say(deps, step, 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
  say(deps, step, 'Normal', 'Killing', 'FailedPostStartHook');
  const graceSeconds = document.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  await stopGently(deps, { ...step, id, graceSeconds }, signal);
}

async function stop(deps: ExecuteDeps, step: StepOf<'stop'>, signal: AbortSignal): Promise<void> {
  if (step.container === SANDBOX) return deps.runtime.stop(step.id, step.graceSeconds, signal);
  const isReplaced = step.reason === 'changed' || step.reason === 'network';
  if (isReplaced) deps.memory.replaced.add(step.id);
  say(deps, step, 'Normal', 'Killing', stopMessage(step, deps.documentOf(step.uid)?.document));
  await stopGently(deps, step, signal);
}

/** With the preStop hook before it, in the same grace period. */
async function stopGently(
  deps: ExecuteDeps,
  step: {
    readonly uid: string;
    readonly container: string;
    readonly id: string;
    readonly graceSeconds: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const { id, graceSeconds } = step;
  const held = deps.documentOf(step.uid);
  const container = held && allContainers(held.document.spec).find(({ name }) => name === step.container);
  if (!held || !container) return deps.runtime.stop(id, graceSeconds, signal);
  const hooked = { document: held.document, container, id };
  const { leftSeconds, hasFailed } = await runPreStop(deps, hooked, graceSeconds, signal);
  if (hasFailed) say(deps, step, 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
  await deps.runtime.stop(id, leftSeconds, signal);
}

/** Makes all that is mounted stand; the mounts then name what no link leads away from. */
async function prepareMounts({ spec, volumes, subPaths }: Rendered): Promise<ContainerSpec> {
  for (const volume of volumes) await prepareVolume(volume);
  const real = new Map<string, string>();
  for (const subPath of subPaths) real.set(subPath.source, await prepareSubPath(subPath));
  const mounts = spec.mounts.map(mount => ({ ...mount, source: real.get(mount.source) ?? mount.source }));
  return { ...spec, mounts };
}

/** Only what is projected: an emptyDir is made once, and a host path is the user's. */
async function refreshFiles(deps: ExecuteDeps, uid: string): Promise<void> {
  const held = deps.documentOf(uid);
  if (!held) return;
  // Before they are written: what changes meanwhile asks for another look.
  deps.memory.projected.set(uid, held.digest);
  for (const { name, configMap, secret, downwardAPI, projected } of held.document.spec.volumes ?? []) {
    if (!configMap && !secret && !downwardAPI && !projected) continue;
    try {
      await prepareVolume(planVolume(held.document, name, deps.facts()));
    } catch (error) {
      if (!(error instanceof RenderError)) {
        deps.memory.projected.delete(uid);
        throw error;
      }
      deps.emit({ podUid: uid, type: 'Warning', reason: 'FailedMount', message: error.message });
    }
  }
}

async function imageUserOf(
  { memory, runtime }: ExecuteDeps,
  image: string,
  signal: AbortSignal,
): Promise<string> {
  const known = memory.images.get(image);
  const presence = known && known !== 'absent' ? known : await runtime.image(image, signal);
  return presence?.user ?? '';
}

function say(
  deps: ExecuteDeps,
  step: { readonly uid: string; readonly container: string },
  type: EventReport['type'],
  reason: string,
  message: string,
): void {
  const spec = deps.documentOf(step.uid)?.document.spec ?? { containers: [] };
  const fieldPath = containerFieldPath(spec, step.container);
  deps.emit({ podUid: step.uid, type, reason, message, fieldPath });
}
