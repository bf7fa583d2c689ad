/** What a node reports of a pod → what the store shall say of it. Pure. */

import { canonicalJson } from '../../shared/digest.ts';
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../shared/kubernetes/objects.ts';
import { allContainerStatuses } from '../../shared/kubernetes/pod-containers.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import type { PodReport } from '../../shared/protocol/messages.ts';
import { shiftTime } from './times.ts';

/** A write, or undefined when the store says so already. */
export type PodWrite =
  | { readonly kind: 'status'; readonly pod: Pod }
  | { readonly kind: 'delete'; readonly pod: Pod }
  | undefined;

export type FoldTimes = {
  /** The master's clock. */
  readonly nowMs: number;
  /** The master's clock less the device's, when it reported. */
  readonly shiftMs: number;
};

const PHASE_ORDER: readonly (string | undefined)[] = [undefined, 'Pending', 'Running', 'Succeeded', 'Failed'];

/**
 * `pod` is the one bound to the reporting node that has the reported uid. Nothing left of a pod that is being deleted
 * deletes it for good; nothing left of another one is for the agent to mend.
 */
export function foldPod(pod: Pod, report: PodReport, times: FoldTimes): PodWrite {
  if (report.gone === true) {
    return pod.metadata.deletionTimestamp === undefined ? undefined : { kind: 'delete', pod };
  }
  const { status: current = {} } = pod;
  if (isTerminal(current) && report.status.phase !== current.phase) return undefined;
  const status = mergeStatus(current, report.status, times);
  return canonicalJson(status) === canonicalJson(current)
    ? undefined
    : { kind: 'status', pod: { ...pod, status } };
}

function isTerminal(status: PodStatus): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed';
}

/** The report replaces all that an agent knows; what others wrote stays. */
function mergeStatus(current: PodStatus, reported: PodStatus, times: FoldTimes): PodStatus {
  const known = knownTimes(current);
  const shiftAll = (statuses: ContainerStatus[] | undefined) =>
    statuses?.map(status => withMasterTimes(status, known, times.shiftMs));
  return {
    ...current,
    ...reported,
    phase: laterPhase(current.phase, reported.phase),
    reason: reported.reason,
    message: reported.message,
    startTime: current.startTime ?? shiftTime(reported.startTime, times.shiftMs),
    conditions: mergeConditions(current.conditions, reported.conditions, times),
    containerStatuses: shiftAll(reported.containerStatuses) ?? current.containerStatuses,
    initContainerStatuses: shiftAll(reported.initContainerStatuses) ?? current.initContainerStatuses,
    ephemeralContainerStatuses:
      shiftAll(reported.ephemeralContainerStatuses) ?? current.ephemeralContainerStatuses,
  };
}

function laterPhase(current: string | undefined, reported: string | undefined): string | undefined {
  return PHASE_ORDER.indexOf(reported) > PHASE_ORDER.indexOf(current) ? reported : current;
}

function mergeConditions(
  current: readonly PodCondition[] = [],
  reported: readonly PodCondition[] = [],
  times: FoldTimes,
): PodCondition[] {
  const fresh = reported.map(condition => {
    const before = current.find(({ type }) => type === condition.type);
    const lastTransitionTime =
      before?.status === condition.status
        ? before.lastTransitionTime
        : (shiftTime(condition.lastTransitionTime, times.shiftMs) ?? formatTime(times.nowMs));
    return { ...condition, lastProbeTime: undefined, lastTransitionTime };
  });
  const kept = current.filter(({ type }) => !reported.some(condition => condition.type === type));
  return [...kept, ...fresh];
}

type Times = { readonly startedAt?: string; readonly finishedAt?: string };

/** Times that the store has of containers, by container id: they never change, whatever the device's clock does. */
function knownTimes(status: PodStatus): ReadonlyMap<string | undefined, Times> {
  const known = new Map<string | undefined, Times>();
  for (const container of allContainerStatuses(status)) {
    for (const state of [container.lastState, container.state]) {
      if (state?.running) known.set(container.containerID, state.running);
      if (state?.terminated)
        known.set(state.terminated.containerID ?? container.containerID, state.terminated);
    }
  }
  known.delete(undefined);
  return known;
}

function withMasterTimes(
  status: ContainerStatus,
  known: ReadonlyMap<string | undefined, Times>,
  shiftMs: number,
): ContainerStatus {
  const shiftState = (state: ContainerStatus['state']): ContainerStatus['state'] => {
    if (state?.running) {
      const startedAt =
        known.get(status.containerID)?.startedAt ?? shiftTime(state.running.startedAt, shiftMs);
      return { running: { ...state.running, startedAt } };
    }
    if (state?.terminated) {
      const { terminated } = state;
      const before = known.get(terminated.containerID ?? status.containerID);
      const startedAt = before?.startedAt ?? shiftTime(terminated.startedAt, shiftMs);
      const finishedAt = before?.finishedAt ?? shiftTime(terminated.finishedAt, shiftMs);
      return { terminated: { ...terminated, startedAt, finishedAt } };
    }
    return state;
  };
  return { ...status, state: shiftState(status.state), lastState: shiftState(status.lastState) };
}
