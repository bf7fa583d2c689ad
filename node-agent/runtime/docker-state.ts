/** Docker's inspect answer as the port's container. */
import type { ContainerLabels, ContainerState, RuntimeContainer } from './container-runtime.ts';
import type { ContainerAnswer, ListedContainer } from './docker-answers.ts';

/** Exit code of a container that could not be started: containerd's. */
const START_FAILED = 128;

/**
 * The container that `answer` describes; `labels` were parsed from it. `startFailure` is what the engine said when it
 * could not start the container: Podman does not keep it.
 */
export function runtimeContainer(
  answer: ContainerAnswer,
  labels: ContainerLabels,
  startFailure?: string,
): RuntimeContainer {
  const state = containerState(answer, startFailure);
  const isJoined = answer.HostConfig.NetworkMode.startsWith('container:');
  const ip = isJoined
    ? undefined
    : Object.values(answer.NetworkSettings.Networks ?? {}).find(network => network.IPAddress)?.IPAddress;
  return {
    id: answer.Id,
    labels,
    image: answer.Config.Image,
    imageId: imageIdOf(answer.Image),
    state,
    ip: state.kind === 'running' ? ip : undefined,
  };
}

/** With its algorithm, which Podman leaves out of some answers. */
export function imageIdOf(id: string): string {
  return id.includes(':') ? id : `sha256:${id}`;
}

/** Kubernetes's code for a container of which nobody can say how it ended. */
const UNKNOWN_EXIT_CODE = 137;

/**
 * A container that the engine lists and cannot look at, since its files are damaged. One that does not run is taken as
 * ended, for it can never start: the pod then gets a new one.
 */
export function damagedContainer(
  listed: ListedContainer,
  labels: ContainerLabels,
  message: string,
): RuntimeContainer {
  const atMs = listed.Created * 1000;
  const isRunning = listed.State === 'running' || listed.State === 'paused';
  return {
    id: listed.Id,
    labels,
    image: listed.Image,
    imageId: imageIdOf(listed.ImageID),
    state: isRunning
      ? { kind: 'running', startedAtMs: atMs, paused: listed.State === 'paused' }
      : {
          kind: 'exited',
          exitCode: UNKNOWN_EXIT_CODE,
          oomKilled: false,
          startedAtMs: atMs,
          finishedAtMs: atMs,
          message,
        },
  };
}

function containerState(answer: ContainerAnswer, startFailure: string | undefined): ContainerState {
  const { Status } = answer.State;
  const hasFailed = Status === 'created' && answer.State.Error === '' && startFailure !== undefined;
  const message = hasFailed ? startFailure : answer.State.Error;
  const ExitCode = hasFailed ? START_FAILED : answer.State.ExitCode;
  const createdAtMs = parseInstant(answer.Created) ?? 0;
  const startedAtMs = parseInstant(answer.State.StartedAt) ?? createdAtMs;
  switch (Status) {
    case 'running':
    case 'restarting':
    case 'paused':
      return { kind: 'running', startedAtMs, paused: Status === 'paused' };
    case 'created':
      // A failed start puts the container back to `created`, with the error and an exit code beside it.
      if (message === '' && ExitCode === 0) return { kind: 'created' };
      break;
  }
  return {
    kind: 'exited',
    exitCode: ExitCode,
    oomKilled: answer.State.OOMKilled,
    startedAtMs,
    // The end is noted by another process than the start, and has been seen a millisecond before it.
    finishedAtMs: Math.max(startedAtMs, parseInstant(answer.State.FinishedAt) ?? 0),
    message,
  };
}

/** Milliseconds since 1970; undefined for Go's zero time, which is in the year 1. */
function parseInstant(text: string): number | undefined {
  const atMs = Date.parse(text);
  return Number.isFinite(atMs) && atMs >= 0 ? atMs : undefined;
}
