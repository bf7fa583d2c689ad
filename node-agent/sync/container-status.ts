/** The status of one container in Kubernetes's words. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import { shownImageId } from '../images/image-name.ts';
import { pullKeyOf } from '../images/pull-credentials.ts';
import { PULL_ERROR_SHOWN_MS } from '../limits.ts';
import { isReady } from '../probes/verdicts.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import type { PlanMemory } from './draft.ts';
import { isImageReference } from './image-reference.ts';
import { containerKey } from './memory.ts';
import { type ContainerView, type PodView, willRestart } from './pod-view.ts';
import { matchesContainer } from './spec-digest.ts';

export type StatusFacts = {
  readonly memory: PlanMemory;
  /** Of the pod's document. */
  readonly digest: string;
  /** Monotonic. */
  readonly nowMs: number;
  readonly isTerminating: boolean;
  /** True while the pod's init containers have not all served. */
  readonly isInitializing: boolean;
};

/** RFC 3339 in whole seconds, as the API has it. */
export function formatTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}

/** The status of a container, made or not. */
export function containerStatus(pod: PodView, view: ContainerView, facts: StatusFacts): core.ContainerStatus {
  const { newest, container } = view;
  const state = stateOf(pod, view, facts);
  const last = state.waiting || state.running ? lastEnded(view) : lastEnded(view, newest);
  const shown = view.running ?? newest;
  const { running } = view;
  const isServing = running !== undefined && isReady(container, running.id, facts.memory);
  return {
    name: container.name,
    image: container.image ?? '',
    imageID: shown ? imageIdOf(shown, container.image ?? '', facts.memory) : '',
    ...(shown ? { containerID: idOf(shown) } : {}),
    ready: view.role === 'init' ? state.terminated?.exitCode === 0 : view.role !== 'ephemeral' && isServing,
    started: view.hasStarted,
    restartCount: newest?.labels.attempt ?? 0,
    state,
    lastState: last ? { terminated: terminated(last, facts.memory) } : {},
  };
}

function stateOf(pod: PodView, view: ContainerView, facts: StatusFacts): core.ContainerState {
  const { running, newest } = view;
  if (running && facts.memory.starting.has(running.id)) return { waiting: notYet(facts) };
  if (running?.state.kind === 'running')
    return { running: { startedAt: formatTime(running.state.startedAtMs) } };
  if (newest?.state.kind === 'exited') {
    const mayRun = !facts.isTerminating && willRestart(view, pod, facts.memory.replaced);
    const reason = mayRun ? waitingReason(pod, view, facts) : undefined;
    return reason ? { waiting: reason } : { terminated: terminated(newest, facts.memory) };
  }
  const reason = waitingReason(pod, view, facts);
  return { waiting: reason ?? notYet(facts) };
}

function notYet({ isInitializing }: StatusFacts): core.ContainerStateWaiting {
  return { reason: isInitializing ? 'PodInitializing' : 'ContainerCreating' };
}

/** Why it does not run although it should; undefined when only a moment is missing. */
function waitingReason(
  pod: PodView,
  view: ContainerView,
  facts: StatusFacts,
): core.ContainerStateWaiting | undefined {
  const { memory, nowMs, digest } = facts;
  const { uid, name, namespace } = pod.document;
  const { container, newest } = view;
  const key = containerKey(uid, container.name);
  const crash = memory.crashes.get(key);
  const isResting = newest !== undefined && crash?.containerId === newest.id && crash.retryAtMs > nowMs;
  if (isResting && matchesContainer(newest.labels.specDigest, container))
    return {
      reason: 'CrashLoopBackOff',
      message: `back-off ${formatDelay(crash.delayMs)} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`,
    };
  const failure = memory.failures.get(key);
  if (failure?.digest === digest) {
    const reason = failure.reason === 'ContainerCreating' ? notYet(facts).reason : failure.reason;
    return { reason, message: failure.message };
  }
  return imageReason(pod, container, facts);
}

function imageReason(
  pod: PodView,
  container: core.Container,
  { memory, nowMs }: StatusFacts,
): core.ContainerStateWaiting | undefined {
  const image = container.image ?? '';
  if (!isImageReference(image))
    return {
      reason: 'InvalidImageName',
      message: `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`,
    };
  if (container.imagePullPolicy === 'Never')
    return memory.images.get(image) === 'absent'
      ? {
          reason: 'ErrImageNeverPull',
          message: `Container image "${image}" is not present with pull policy of Never`,
        }
      : undefined;
  const failure = memory.pullFailures.get(pullKeyOf(pod.document, image));
  if (!failure) return undefined;
  if (nowMs < failure.failedAtMs + PULL_ERROR_SHOWN_MS)
    return { reason: 'ErrImagePull', message: failure.message };
  return {
    reason: 'ImagePullBackOff',
    message: `Back-off pulling image "${image}": ErrImagePull: ${failure.message}`,
  };
}

/** The last container that ended, other than `except`. */
function lastEnded(view: ContainerView, except?: RuntimeContainer): RuntimeContainer | undefined {
  return view.attempts.find(each => each.state.kind === 'exited' && each !== except);
}

/** How a container ended; empty for one that did not. */
function terminated(container: RuntimeContainer, memory: PlanMemory): core.ContainerStateTerminated {
  const { state } = container;
  if (state.kind !== 'exited') return { exitCode: 0 };
  const { exitCode, oomKilled, message } = state;
  const shown = message || memory.lastWords.get(container.id);
  const reason = oomKilled ? 'OOMKilled' : message ? 'StartError' : exitCode === 0 ? 'Completed' : 'Error';
  return {
    exitCode,
    reason,
    ...(shown ? { message: shown } : {}),
    startedAt: formatTime(state.startedAtMs),
    finishedAt: formatTime(state.finishedAtMs),
    containerID: idOf(container),
  };
}

function imageIdOf({ imageId }: RuntimeContainer, image: string, memory: PlanMemory): string {
  const isNamed = isImageReference(image);
  return isNamed ? shownImageId(image, imageId, memory.imageDigests.get(imageId) ?? []) : imageId;
}

/** Kubernetes names the runtime before the id. */
export function idOf(container: RuntimeContainer): string {
  return `docker://${container.id}`;
}

/** Go's way to write a duration: 10s, 2m40s. */
function formatDelay(delayMs: number): string {
  const seconds = Math.round(delayMs / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
