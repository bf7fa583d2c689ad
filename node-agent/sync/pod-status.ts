/** The status of a pod from its document and its containers. Pure. The rules are those of the kubelet's `generateAPIPodStatus`. */
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import { containerStatus, formatTime, type StatusFacts } from './container-status.ts';
import type { WantedPod } from './desired-set.ts';
import type { PlanMemory } from './draft.ts';
import type { PodEnd } from './pod-end.ts';
import { initProgress, isFinished, type PodView, podIpOf, viewPod } from './pod-view.ts';

export type PodStatusInput = {
  readonly wanted: WantedPod;
  readonly containers: readonly RuntimeContainer[];
  readonly memory: PlanMemory;
  readonly hostIp: string;
  /** Monotonic, for back-offs; wall, for what is shown. */
  readonly nowMs: number;
  readonly wallMs: number;
  /** The status computed before, from which times are kept. */
  readonly before?: core.PodStatus;
};

/** The pod's status; undefined while its document has not come. */
export function podStatus(input: PodStatusInput): core.PodStatus | undefined {
  const { wanted, memory, before, hostIp } = input;
  const { document, digest } = wanted;
  if (!document || digest === undefined) return undefined;
  const pod = viewPod(document, input.containers, memory);
  const progress = initProgress(pod, memory.replaced);
  const facts: StatusFacts = {
    memory,
    digest,
    nowMs: input.nowMs,
    isTerminating: wanted.terminateWithinSeconds !== undefined,
    isInitializing: progress.kind !== 'done',
  };
  const initContainerStatuses = pod.inits.map((view, index) => {
    const isBefore = progress.kind === 'done' || (progress.kind === 'at' && index < progress.index);
    const status = containerStatus(pod, view, facts);
    // An init container whose record was cleaned away still has done its work.
    return view.role === 'init' && isBefore && !view.newest
      ? { ...status, ready: true, state: { terminated: { exitCode: 0, reason: 'Completed' } } }
      : status;
  });
  const containerStatuses = pod.mains.map(view => containerStatus(pod, view, facts));
  const ephemeralContainerStatuses = pod.ephemerals.map(view => containerStatus(pod, view, facts));
  const phase = phaseOf(pod, containerStatuses, progress.kind, memory, facts.isTerminating);
  const ip = podIpOf(pod, hostIp);
  const startTime = before?.startTime ?? formatTime(memory.seen.get(wanted.uid)?.wallMs ?? input.wallMs);
  return {
    phase,
    conditions: conditionsOf(
      pod,
      { containerStatuses, initContainerStatuses, phase, isReadyToRun: progress.kind === 'done' },
      input,
    ),
    ...(hostIp ? { hostIP: hostIp, hostIPs: [{ ip: hostIp }] } : {}),
    ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}),
    startTime,
    ...(initContainerStatuses.length > 0 ? { initContainerStatuses } : {}),
    containerStatuses,
    ...(ephemeralContainerStatuses.length > 0 ? { ephemeralContainerStatuses } : {}),
  };
}

type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** The kubelet's getPhase. A pod that is being deleted and never ran counts as failed once nothing of it is left. */
function phaseOf(
  pod: PodView,
  statuses: readonly core.ContainerStatus[],
  init: 'done' | 'failed' | 'at',
  memory: PlanMemory,
  isTerminating: boolean,
): Phase {
  if (init === 'failed') return 'Failed';
  if (init === 'at') return 'Pending';
  const ended = statuses.filter(({ state }) => state?.terminated);
  const isEnded = ended.length === statuses.length;
  if (isEnded && (isTerminating || isFinished(pod, memory.replaced)))
    return ended.every(({ state }) => state?.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed';
  const neverRan = statuses.filter(({ state, lastState }) => state?.waiting && !lastState?.terminated);
  return neverRan.length > 0 ? 'Pending' : 'Running';
}

type Facts = {
  readonly containerStatuses: readonly core.ContainerStatus[];
  readonly initContainerStatuses: readonly core.ContainerStatus[];
  readonly phase: Phase;
  readonly isReadyToRun: boolean;
};

function conditionsOf(pod: PodView, facts: Facts, input: PodStatusInput): core.PodCondition[] {
  const { phase, containerStatuses, initContainerStatuses, isReadyToRun } = facts;
  const ended = phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : undefined;
  const sidecars = initContainerStatuses.filter((_, index) => pod.inits[index]?.role === 'sidecar');
  const unready = [...sidecars, ...containerStatuses].filter(({ ready }) => !ready).map(({ name }) => name);
  const uninitialized = initContainerStatuses
    .filter(status => !(sidecars.includes(status) ? status.started : status.ready))
    .map(({ name }) => name);
  const initialized = isReadyToRun
    ? { status: 'True', ...(phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}) }
    : {
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: `containers with incomplete status: [${uninitialized.join(' ')}]`,
      };
  const containersReady = ended
    ? { status: 'False', reason: ended }
    : unready.length > 0
      ? {
          status: 'False',
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${unready.join(' ')}]`,
        }
      : { status: 'True' };
  return [
    { type: 'Initialized', ...initialized },
    { type: 'Ready', ...(containersReady.status === 'True' ? gatedReady(pod.document) : containersReady) },
    { type: 'ContainersReady', ...containersReady },
    { type: 'PodScheduled', status: 'True' },
  ].map(condition => ({ ...condition, lastTransitionTime: transitionTime(pod, condition, input) }));
}

/** Of a pod whose containers are ready: what others must say before it is. The words are the kubelet's. */
function gatedReady({ spec, conditions = {} }: PodDocument): Omit<core.PodCondition, 'type'> {
  const closed = (spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const status = conditions[conditionType];
    if (status === 'True') return [];
    return status === undefined
      ? [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${status}`];
  });
  if (closed.length === 0) return { status: 'True' };
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: closed.join(', ') };
}

/** Kept while the status stays; for the first one, what the containers themselves tell, so that an agent's restart changes no pod. */
function transitionTime(
  pod: PodView,
  condition: { type: string; status: string },
  input: PodStatusInput,
): string {
  const { before, wallMs, memory, wanted } = input;
  const held = before?.conditions?.find(({ type }) => type === condition.type);
  if (held)
    return held.status === condition.status && held.lastTransitionTime
      ? held.lastTransitionTime
      : formatTime(wallMs);
  const seen = formatTime(memory.seen.get(wanted.uid)?.wallMs ?? wallMs);
  if (condition.type !== 'Ready' && condition.type !== 'ContainersReady') return seen;
  const readyAtMs = pod.mains.flatMap(({ running }) =>
    running?.state.kind === 'running'
      ? [memory.verdicts.get(running.id)?.readySinceMs ?? running.state.startedAtMs]
      : [],
  );
  return condition.status === 'True' && readyAtMs.length > 0 ? formatTime(Math.max(...readyAtMs)) : seen;
}

/**
 * The last status of a pod that is gone from the device: what was seen of it before its containers were removed, none of
 * them running any more. A container of which nothing is known is said to be so, in the kubelet's words.
 */
export function goneStatus(before: core.PodStatus | undefined, wallMs: number): core.PodStatus {
  const close = (status: core.ContainerStatus): core.ContainerStatus =>
    status.state?.terminated
      ? status
      : {
          ...status,
          ready: false,
          started: false,
          state: {
            terminated: {
              exitCode: 137,
              reason: 'ContainerStatusUnknown',
              message: 'The container could not be located when the pod was terminated',
            },
          },
        };
  const containerStatuses = before?.containerStatuses?.map(close) ?? [];
  const hasSucceeded =
    containerStatuses.length > 0 && containerStatuses.every(({ state }) => state?.terminated?.exitCode === 0);
  const conditions = before?.conditions?.map(condition =>
    condition.status === 'True' && (condition.type === 'Ready' || condition.type === 'ContainersReady')
      ? { ...condition, status: 'False', reason: 'PodFailed', lastTransitionTime: formatTime(wallMs) }
      : condition,
  );
  const { podIP: _ip, podIPs: _ips, ...rest } = before ?? {};
  return { ...rest, phase: hasSucceeded ? 'Succeeded' : 'Failed', conditions, containerStatuses };
}

/** A pod that the device had to end; `before` is what was said of it last. */
export function endedStatus(
  before: core.PodStatus | undefined,
  { reason, message: why, wallMs }: PodEnd,
): core.PodStatus {
  const { conditions = [], ...rest } = goneStatus(before, wallMs);
  // As the kubelet says it of a pod that it never let in.
  const message = reason === 'UnexpectedAdmissionError' ? `Pod was rejected: ${why}` : why;
  if (reason !== 'Evicted' && reason !== 'Terminated')
    return { ...rest, phase: 'Failed', reason, message, conditions };
  const disrupted = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'TerminationByKubelet',
    message,
    lastTransitionTime: formatTime(wallMs),
  };
  const others = conditions.filter(({ type }) => type !== disrupted.type);
  return { ...rest, phase: 'Failed', reason, message, conditions: [...others, disrupted] };
}
