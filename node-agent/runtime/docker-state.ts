/** Docker's inspect answer as the port's container. */
import type { ContainerLabels, ContainerState, RuntimeContainer } from './container-runtime.ts';
import type { ContainerAnswer } from './docker-answers.ts';

/** The container that `answer` describes; `labels` were parsed from it. */
export function runtimeContainer(answer: ContainerAnswer, labels: ContainerLabels): RuntimeContainer {
  const state = containerState(answer);
  const ip = Object.values(answer.NetworkSettings.Networks ?? {}).find(
    network => network.IPAddress,
  )?.IPAddress;
  return {
    id: answer.Id,
    labels,
    image: answer.Config.Image,
    imageId: answer.Image,
    state,
    ip: state.kind === 'running' ? ip : undefined,
  };
}

function containerState(answer: ContainerAnswer): ContainerState {
  const { Status, Error: message, ExitCode } = answer.State;
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
