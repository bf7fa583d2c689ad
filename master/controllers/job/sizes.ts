/** How many pods a Job should have now, and which. Pure. */
import type { Job, Pod } from '../../../shared/kubernetes/objects.ts';
import { subjectOf } from '../../events/event.ts';
import { deleteOf } from '../actions.ts';
import type { Action } from '../controller.ts';
import { JOB_BACKOFF, MAX_PODS_PER_PLAN } from '../limits.ts';
import { victims } from '../replicaset/victims.ts';
import { endedAtMs, hasFailed, hasSucceeded, indexOf, isIndexed, isStopping, newPod } from './pods.ts';
import type { Tally } from './tally.ts';

type SizesInput = {
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly counted: Tally;
  readonly nowMs: number;
  readonly suffix: () => string;
};

type NextPods = { readonly actions: readonly Action[]; readonly againAtMs: number | undefined };

const NOTHING: NextPods = { actions: [], againAtMs: undefined };

/** Pods to stop, or to start; `againAtMs` while a failure is waited out. */
export function nextPods(job: Job, input: SizesInput): NextPods {
  const { active, counted, pods } = input;
  if (job.spec.suspend) return { actions: active.flatMap(pod => stop(job, pod)), againAtMs: undefined };
  const { parallelism = 1, completions } = job.spec;
  const open =
    completions === undefined
      ? counted.succeeded > 0
        ? active.length
        : parallelism
      : Math.min(completions - counted.succeeded - counted.failedIndexes.size, parallelism);
  const wanted = Math.max(0, open);
  const surplus = surplusPods(job, input, wanted);
  if (surplus.length > 0) return { actions: surplus.flatMap(pod => stop(job, pod)), againAtMs: undefined };
  const leaving = job.spec.podReplacementPolicy === 'Failed' ? pods.filter(isStopping) : [];
  const missing = Math.min(wanted - active.length - leaving.length, MAX_PODS_PER_PLAN);
  if (missing <= 0) return NOTHING;
  if (!isIndexed(job)) {
    const readyAtMs = backoffEndsAtMs(pods, job);
    if (readyAtMs > input.nowMs) return { actions: [], againAtMs: readyAtMs };
    return {
      actions: Array.from({ length: missing }, () => start(job, input.suffix())).flat(),
      againAtMs: undefined,
    };
  }
  return startIndexes(job, input, { missing, leaving });
}

/** Second pods of one index, pods of indexes that are not wanted, and beyond `wanted` those that lose least. */
function surplusPods(job: Job, { active, counted }: SizesInput, wanted: number): readonly Pod[] {
  if (!isIndexed(job)) return victims(active, Math.max(0, active.length - wanted));
  const taken = new Set<number>();
  const odd: Pod[] = [];
  const kept: Pod[] = [];
  for (const pod of active) {
    const index = indexOf(pod);
    const isWanted =
      index !== undefined &&
      index < (job.spec.completions ?? 0) &&
      !taken.has(index) &&
      !counted.completedIndexes.has(index) &&
      !counted.failedIndexes.has(index);
    if (isWanted) taken.add(index);
    (isWanted ? kept : odd).push(pod);
  }
  return [...odd, ...victims(kept, Math.max(0, kept.length - wanted))];
}

/** Pods for the lowest open indexes; with a limit per index each waits for its own failures alone. */
function startIndexes(
  job: Job,
  { pods, active, counted, nowMs, suffix }: SizesInput,
  { missing, leaving }: { readonly missing: number; readonly leaving: readonly Pod[] },
): NextPods {
  const busy = new Set([...active, ...leaving].map(indexOf));
  const isPerIndex = job.spec.backoffLimitPerIndex !== undefined;
  const allReadyAtMs = isPerIndex ? 0 : backoffEndsAtMs(pods, job);
  if (allReadyAtMs > nowMs) return { actions: [], againAtMs: allReadyAtMs };
  const actions: Action[] = [];
  const waits: number[] = [];
  let started = 0;
  for (let index = 0; index < (job.spec.completions ?? 0) && started < missing; index++) {
    const isDone = counted.completedIndexes.has(index) || counted.failedIndexes.has(index);
    if (isDone || busy.has(index)) continue;
    const readyAtMs = isPerIndex
      ? backoffEndsAtMs(
          pods.filter(pod => indexOf(pod) === index),
          job,
        )
      : 0;
    if (readyAtMs > nowMs) {
      waits.push(readyAtMs);
      continue;
    }
    started++;
    actions.push(...start(job, suffix(), { index, failures: counted.failuresOfIndex.get(index) ?? 0 }));
  }
  return { actions, againAtMs: waits.length === 0 ? undefined : Math.min(...waits) };
}

/** After each failure in a row the next pod waits twice as long. 0 without a failure since the last success. */
function backoffEndsAtMs(pods: readonly Pod[], job: Job): number {
  const lastSuccessMs = Math.max(0, ...pods.filter(hasSucceeded).map(endedAtMs));
  const failures = pods
    .filter(pod => hasFailed(pod, job))
    .map(endedAtMs)
    .filter(atMs => atMs > lastSuccessMs);
  if (failures.length === 0) return 0;
  const delayMs = Math.min(
    JOB_BACKOFF.baseMs * JOB_BACKOFF.factor ** (failures.length - 1),
    JOB_BACKOFF.capMs,
  );
  return Math.max(...failures) + delayMs;
}

function start(
  job: Job,
  suffix: string,
  indexed?: { readonly index: number; readonly failures: number },
): readonly Action[] {
  const object = newPod(job, suffix, indexed);
  return [
    { kind: 'create', of: 'Pod', object },
    tell(job, 'SuccessfulCreate', `Created pod: ${object.metadata.name}`),
  ];
}

function stop(job: Job, pod: Pod): readonly Action[] {
  return [deleteOf('Pod', pod), tell(job, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)];
}

function tell(job: Job, reason: string, message: string): Action {
  return { kind: 'event', about: subjectOf('Job', job), type: 'Normal', reason, message };
}
