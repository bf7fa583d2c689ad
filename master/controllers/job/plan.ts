/** Job: runs pods until enough of them have succeeded, or too many have failed. */
import { canonicalJson } from '../../../shared/digest.ts';
import type { Job, Pod } from '../../../shared/kubernetes/objects.ts';
import { isPodActive } from '../../../shared/kubernetes/pod-state.ts';
import { controllerOf } from '../../../shared/kubernetes/references.ts';
import { parseTime } from '../../../shared/kubernetes/time.ts';
import { subjectOf } from '../../events/event.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { deleteOf } from '../actions.ts';
import { claim } from '../claim.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { isNamespaceTerminating, ownersOf } from '../wakes.ts';
import { isFinished } from './finished.ts';
import { isReady, isStopping, isTracked, JOB_NAME, TRACKING } from './pods.ts';
import { nextPods } from './sizes.ts';
import { nextConditions } from './status.ts';
import { type Tally, tally } from './tally.ts';
import { deadlineAtMs, type Verdict, verdictOf } from './verdict.ts';

/** Whoever `managedBy` names does the work instead. */
const MANAGED_BY = 'kubernetes.io/job-controller';

export const jobController: Controller<'Job'> = {
  name: 'job-controller',
  of: 'Job',
  wakes: {
    Pod: (pod, view) => [...ownersOf('Job', pod, view), ...formerOwners(pod)],
  },
  plan: planJob,
};

/** A pod that nobody owns any more may still be held by a finalizer of the Job that made it. */
function formerOwners(pod: Pod) {
  const name = pod.metadata.labels?.[JOB_NAME];
  if (!isTracked(pod) || name === undefined || controllerOf(pod) !== undefined) return [];
  return [{ namespace: pod.metadata.namespace, name }];
}

function planJob(input: PlanInput): Plan {
  const { view, ref } = input;
  const job = view.get('Job', ref);
  const abandoned = abandonedPods(view, input, job).map(release);
  if (job === undefined || (job.spec.managedBy ?? MANAGED_BY) !== MANAGED_BY) return { actions: abandoned };
  const plan = isFinished(job) ? afterEnd(job, input) : work(job, input);
  return { ...plan, actions: [...abandoned, ...plan.actions] };
}

/** Held pods that the Job of that name made and that no Job controls now. */
function abandonedPods(view: ClusterView, { ref }: PlanInput, job: Job | undefined): readonly Pod[] {
  return view.list('Pod', ref.namespace).filter(pod => {
    if (!isTracked(pod)) return false;
    const owner = controllerOf(pod);
    if (owner === undefined) return pod.metadata.labels?.[JOB_NAME] === ref.name && job === undefined;
    return owner.kind === 'Job' && owner.name === ref.name && owner.uid !== job?.metadata.uid;
  });
}

function release(pod: Pod): Action {
  const finalizers = (pod.metadata.finalizers ?? []).filter(finalizer => finalizer !== TRACKING);
  return { kind: 'update', of: 'Pod', object: { ...pod, metadata: { ...pod.metadata, finalizers } } };
}

/** What remains: pods that still run go, those held are let go, and after its time the Job itself. */
function afterEnd(job: Job, { view, nowMs }: PlanInput): Plan {
  const pods = view.ownedBy('Pod', job.metadata.uid);
  const held = pods.filter(isTracked).map(release);
  const active = pods.filter(isPodActive).map(pod => deleteOf('Pod', pod));
  if (held.length > 0) return { actions: held };
  const atMs = expiresAtMs(job);
  const isDue = atMs !== undefined && atMs <= nowMs && job.metadata.deletionTimestamp === undefined;
  const expired = isDue ? [deleteOf('Job', job, { propagation: 'Foreground' })] : [];
  return { actions: [...active, ...expired], againAtMs: isDue ? undefined : atMs };
}

function expiresAtMs({ spec, status }: Job): number | undefined {
  const end = status?.conditions?.find(
    ({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed'),
  );
  const endedMs = parseTime(end?.lastTransitionTime);
  return spec.ttlSecondsAfterFinished === undefined || endedMs === undefined
    ? undefined
    : endedMs + spec.ttlSecondsAfterFinished * 1000;
}

/** One round: count what ended, decide whether that is the end, and have as many pods as there should be. */
function work(job: Job, input: PlanInput): Plan {
  const { view, ref, nowMs } = input;
  const isDeleting = job.metadata.deletionTimestamp !== undefined;
  const claimed = claim(view, { of: 'Pod', owner: job, ownerKind: 'Job' });
  if (!isDeleting && claimed.actions.length > 0) return { actions: claimed.actions };
  const pods = claimed.owned;
  const counted = tally(job, pods);
  const active = pods.filter(isPodActive);
  const verdict = verdictOf(job, { counted, active, nowMs });
  const mayWrite = !isDeleting && !isNamespaceTerminating(view, ref.namespace);
  const wanted =
    verdict !== undefined
      ? { actions: active.flatMap(pod => stop(job, pod)), againAtMs: undefined }
      : nextPods(job, { pods, active, counted, nowMs, suffix: input.suffix });
  const steps = mayWrite || verdict !== undefined ? wanted : { actions: [], againAtMs: undefined };
  // A pod is let go only when what it is worth is stored: these are, whatever the status below says.
  const released = isDeleting ? pods.filter(isTracked) : counted.released;
  const times = [deadlineAtMs(job), steps.againAtMs].filter(atMs => atMs !== undefined && atMs > nowMs);
  return {
    actions: [
      ...released.map(release),
      ...steps.actions,
      ...statusActions(job, { pods, active, counted, verdict, nowMs }),
    ],
    againAtMs: times.length === 0 ? undefined : Math.min(...times.map(Number)),
  };
}

function stop(job: Job, pod: Pod): readonly Action[] {
  const message = `Deleted pod: ${pod.metadata.name}`;
  const about = subjectOf('Job', job);
  return [
    deleteOf('Pod', pod),
    { kind: 'event', about, type: 'Normal', reason: 'SuccessfulDelete', message },
  ];
}

type Round = {
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly counted: Tally;
  readonly verdict: Verdict | undefined;
  readonly nowMs: number;
};

function statusActions(job: Job, round: Round): readonly Action[] {
  const { pods, active, counted, verdict, nowMs } = round;
  const terminating = pods.filter(isStopping).length;
  // The end is told once nothing of the Job runs any more and every pod is counted.
  const isOver = counted.isSettled && active.length === 0 && terminating === 0;
  const { conditions, startTime, completionTime, events } = nextConditions(job, { verdict, isOver, nowMs });
  const status = {
    ...job.status,
    ...counted.counts,
    active: active.length,
    ready: active.filter(isReady).length,
    terminating,
    conditions,
    startTime,
    completionTime,
  };
  if (canonicalJson(status) === canonicalJson(job.status ?? {})) return [];
  return [{ kind: 'updateStatus', of: 'Job', object: { ...job, status } }, ...events];
}
