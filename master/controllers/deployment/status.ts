/** What a Deployment's status says: counts and the conditions Available and Progressing, in Kubernetes's words. Pure. */
import type { DeploymentCondition, DeploymentStatus } from 'kubernetes-types/apps/v1';
import type { Deployment, ReplicaSet } from '../../../shared/kubernetes/objects.ts';
import { formatTime, parseTime } from '../../../shared/kubernetes/time.ts';
import { boundsOf } from './sizes.ts';

/** Kubernetes's default, seconds. */
const PROGRESS_DEADLINE_SECONDS = 600;
const REPLICA_FAILURE = 'ReplicaFailure';

type StatusInput = {
  readonly deployment: Deployment;
  readonly replicaSets: readonly ReplicaSet[];
  readonly current: ReplicaSet | undefined;
  /** The name of the ReplicaSet that this plan creates. */
  readonly created: string | undefined;
  readonly nowMs: number;
};

type Finding = Pick<DeploymentCondition, 'status' | 'reason' | 'message'>;

/** The status as it should be; equal to the present one when there is nothing to write. */
export function nextStatus(input: StatusInput): DeploymentStatus {
  const { deployment } = input;
  const counts = countsOf(input);
  const before = deployment.status?.conditions ?? [];
  const available = withCondition(before, 'Available', availability(deployment, counts), input.nowMs);
  const progress = progressOf(input, counts);
  const conditions =
    progress === undefined
      ? available
      : withCondition(available, 'Progressing', progress, input.nowMs, hasMoved(deployment, counts));
  const others = conditions.filter(({ type }) => type !== REPLICA_FAILURE);
  return { ...deployment.status, ...counts, conditions: [...others, ...replicaFailure(input)] };
}

/** What keeps pods from being made, of the current template if it is that one. */
function replicaFailure({ replicaSets, current, deployment, nowMs }: StatusInput): DeploymentCondition[] {
  const sets = current === undefined ? replicaSets : [current, ...replicaSets];
  const failures = sets.flatMap(({ status }) => status?.conditions ?? []);
  const failure = failures.find(({ type }) => type === REPLICA_FAILURE);
  if (failure === undefined) return [];
  const { status, reason = '', message = '' } = failure;
  const before = conditionOf(deployment, REPLICA_FAILURE);
  const known = before === undefined ? [] : [before];
  return withCondition(known, REPLICA_FAILURE, { status, reason, message }, nowMs);
}

/** When the rollout will have taken too long. Undefined when it is not under way. */
export function deadlineAtMs(deployment: Deployment): number | undefined {
  const condition = conditionOf(deployment, 'Progressing');
  const sinceMs = parseTime(condition?.lastUpdateTime);
  if (condition?.status !== 'True' || condition.reason === 'NewReplicaSetAvailable' || sinceMs === undefined)
    return undefined;
  return sinceMs + (deployment.spec.progressDeadlineSeconds ?? PROGRESS_DEADLINE_SECONDS) * 1000;
}

function countsOf({ deployment, replicaSets, current }: StatusInput) {
  const sum = (of: (set: ReplicaSet) => number | undefined) =>
    replicaSets.reduce((total, set) => total + (of(set) ?? 0), 0);
  const availableReplicas = sum(set => set.status?.availableReplicas);
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum(set => set.status?.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum(set => set.status?.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, sum(set => set.spec.replicas) - availableReplicas),
  };
}

type Counts = ReturnType<typeof countsOf>;

function availability(deployment: Deployment, counts: Counts): Finding {
  const { desired, maxUnavailable } = boundsOf(deployment);
  return counts.availableReplicas >= desired - maxUnavailable
    ? {
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

/** What changed about the progress; undefined when the condition stands. */
function progressOf(
  { deployment, current, created, nowMs }: StatusInput,
  counts: Counts,
): Finding | undefined {
  const condition = conditionOf(deployment, 'Progressing');
  if (deployment.spec.paused)
    return { status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' };
  if (created !== undefined)
    return {
      status: 'True',
      reason: 'NewReplicaSetCreated',
      message: `Created new replica set "${created}"`,
    };
  if (current === undefined) return undefined;
  const name = current.metadata.name;
  if (condition?.reason === 'DeploymentPaused')
    return { status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' };
  if (condition?.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updatedReplicas)
    return undefined;
  if (isComplete(deployment, counts))
    return {
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${name}" has successfully progressed.`,
    };
  if (condition === undefined)
    return { status: 'True', reason: 'FoundNewReplicaSet', message: `Found new replica set "${name}"` };
  if (hasMoved(deployment, counts))
    return { status: 'True', reason: 'ReplicaSetUpdated', message: `ReplicaSet "${name}" is progressing.` };
  if ((deadlineAtMs(deployment) ?? Infinity) <= nowMs)
    return {
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${name}" has timed out progressing.`,
    };
  return undefined;
}

/** True when every pod is of the current template and available, and there are as many as wanted. */
export function isComplete({ spec }: Deployment, counts: DeploymentStatus): boolean {
  const desired = spec.replicas ?? 1;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = counts;
  return updatedReplicas === desired && replicas === desired && availableReplicas === desired;
}

function hasMoved({ status = {} }: Deployment, counts: Counts): boolean {
  const { updatedReplicas = 0, replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  return (
    counts.updatedReplicas > updatedReplicas ||
    counts.replicas - counts.updatedReplicas < replicas - updatedReplicas ||
    counts.readyReplicas > readyReplicas ||
    counts.availableReplicas > availableReplicas
  );
}

function conditionOf(deployment: Deployment, type: string): DeploymentCondition | undefined {
  return deployment.status?.conditions?.find(condition => condition.type === type);
}

/** `touch` renews the update time even where nothing else changed: the deadline counts from it. */
function withCondition(
  conditions: readonly DeploymentCondition[],
  type: string,
  finding: Finding,
  nowMs: number,
  touch = false,
): DeploymentCondition[] {
  const old = conditions.find(condition => condition.type === type);
  const isSame =
    old?.status === finding.status && old.reason === finding.reason && old.message === finding.message;
  if (isSame && !touch) return [...conditions];
  const now = formatTime(nowMs);
  const lastTransitionTime = old?.status === finding.status ? (old.lastTransitionTime ?? now) : now;
  const next = { type, ...finding, lastUpdateTime: now, lastTransitionTime };
  return old === undefined ? [...conditions, next] : conditions.map(item => (item === old ? next : item));
}
