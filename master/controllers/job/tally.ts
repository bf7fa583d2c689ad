/**
 * Counts the ended pods of a Job, each once. Pure.
 *
 * An ended pod is kept by a finalizer. First its uid is noted in the status; once that is stored, the finalizer goes; once the
 * finalizer is gone, the uid moves from the note into the count. Wherever that stops and starts again, no pod counts twice.
 */
import { formatIndexes, parseIndexes } from '../../../shared/kubernetes/completion-indexes.ts';
import type { Job, Pod } from '../../../shared/kubernetes/objects.ts';
import { type FailureVerdict, judgeFailure } from './failure-policy.ts';
import { hasFailed, hasSucceeded, indexFailuresBefore, indexOf, isIndexed, isTracked } from './pods.ts';

export type Tally = {
  /** Pods, or with Indexed indexes, that succeeded; those still to be counted included. */
  readonly succeeded: number;
  readonly failed: number;
  readonly completedIndexes: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** Failures of each index, as its next pod should carry them. */
  readonly failuresOfIndex: ReadonlyMap<number, number>;
  /** The message of the first pod whose failure fails the Job. */
  readonly jobFailure: string | undefined;
  /** Members of the status that follow from all that. */
  readonly counts: Pick<
    NonNullable<Job['status']>,
    'succeeded' | 'failed' | 'completedIndexes' | 'failedIndexes' | 'uncountedTerminatedPods'
  >;
  /** Pods whose finalizer can go: what they are worth is stored. */
  readonly released: readonly Pod[];
  /** True when no ended pod is still on its way into the counts. */
  readonly isSettled: boolean;
};

/** More uids than this in one status would make it too large to write; the rest follows. */
const MAX_UNCOUNTED = 500;

export function tally(job: Job, pods: readonly Pod[]): Tally {
  const { status = {}, spec } = job;
  const indexed = isIndexed(job);
  const completions = spec.completions ?? 0;
  const tracked = new Map(pods.filter(isTracked).map(pod => [pod.metadata.uid, pod]));
  const noted = status.uncountedTerminatedPods ?? {};
  const stillHeld = (uids: readonly string[] = []) => uids.filter(uid => tracked.has(uid));
  const kept = { succeeded: stillHeld(noted.succeeded), failed: stillHeld(noted.failed) };
  const isNoted = (pod: Pod) =>
    (noted.succeeded ?? []).includes(pod.metadata.uid) || (noted.failed ?? []).includes(pod.metadata.uid);
  const judged = new Map<string, FailureVerdict>();
  const fresh = [...tracked.values()].filter(pod => !isNoted(pod)).slice(0, MAX_UNCOUNTED);
  const freshFailed = fresh.filter(pod => hasFailed(pod, job));
  for (const pod of freshFailed) judged.set(pod.metadata.uid, judgeFailure(job, pod));
  const counted = freshFailed.filter(pod => judged.get(pod.metadata.uid)?.kind !== 'ignore');
  const ignored = freshFailed.filter(pod => judged.get(pod.metadata.uid)?.kind === 'ignore');
  const freshSucceeded = fresh.filter(hasSucceeded);

  const storedIndexes = parseIndexes(status.completedIndexes ?? '', completions) ?? new Set<number>();
  const completedIndexes = new Set(storedIndexes);
  for (const pod of freshSucceeded) {
    const index = indexOf(pod);
    if (index !== undefined && index < completions) completedIndexes.add(index);
  }
  const perIndex = failuresPerIndex(job, pods, completedIndexes);
  const succeededNotes = indexed ? [] : [...kept.succeeded, ...freshSucceeded.map(uidOf)];
  const failedNotes = [...kept.failed, ...counted.map(uidOf)];
  const storedSucceeded = (status.succeeded ?? 0) + (noted.succeeded ?? []).length - kept.succeeded.length;
  const storedFailed = (status.failed ?? 0) + (noted.failed ?? []).length - kept.failed.length;
  const isStoredSuccess = (pod: Pod) => {
    const index = indexOf(pod);
    return hasSucceeded(pod) && (index === undefined || index >= completions || storedIndexes.has(index));
  };
  return {
    succeeded: indexed ? completedIndexes.size : storedSucceeded + succeededNotes.length,
    failed: storedFailed + failedNotes.length,
    completedIndexes,
    failedIndexes: perIndex.failedIndexes,
    failuresOfIndex: perIndex.failures,
    jobFailure: [...judged.values()].flatMap(each => (each.kind === 'failJob' ? [each.message] : []))[0],
    counts: {
      succeeded: indexed ? completedIndexes.size : storedSucceeded,
      failed: storedFailed,
      ...(indexed ? { completedIndexes: formatIndexes(completedIndexes) } : {}),
      ...(spec.backoffLimitPerIndex === undefined
        ? {}
        : { failedIndexes: formatIndexes(perIndex.failedIndexes) }),
      uncountedTerminatedPods: {
        ...(succeededNotes.length === 0 ? {} : { succeeded: succeededNotes }),
        ...(failedNotes.length === 0 ? {} : { failed: failedNotes }),
      },
    },
    released: [...tracked.values()].filter(
      pod =>
        !perIndex.evidence.has(pod.metadata.uid) &&
        (isNoted(pod) || ignored.includes(pod) || (indexed && isStoredSuccess(pod))),
    ),
    isSettled: succeededNotes.length + failedNotes.length === 0,
  };
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid;
}

type PerIndex = {
  readonly failures: ReadonlyMap<number, number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** Pods that alone say how often their index has failed: they are held until the next one carries it on. */
  readonly evidence: ReadonlySet<string>;
};

/** Each pod carries how often its index failed before it, so that the newest one says it all. */
function failuresPerIndex(job: Job, pods: readonly Pod[], completed: ReadonlySet<number>): PerIndex {
  const { spec, status } = job;
  const limit = spec.backoffLimitPerIndex;
  const failures = new Map<number, number>();
  const failedIndexes = new Set(parseIndexes(status?.failedIndexes ?? '', spec.completions ?? 0) ?? []);
  if (limit === undefined) return { failures, failedIndexes: new Set(), evidence: new Set() };
  const isIgnored = (pod: Pod) => hasFailed(pod, job) && judgeFailure(job, pod).kind === 'ignore';
  const isDecided = (status?.conditions ?? []).some(
    ({ type, status: is }) => is === 'True' && (type === 'FailureTarget' || type === 'SuccessCriteriaMet'),
  );
  const newest = new Map<number, Pod>();
  for (const pod of pods) {
    const index = indexOf(pod);
    const known = index === undefined ? undefined : newest.get(index);
    if (index === undefined || index >= (spec.completions ?? 0) || isIgnored(pod)) continue;
    if (known === undefined || indexFailuresBefore(known) < indexFailuresBefore(pod)) newest.set(index, pod);
  }
  const evidence = new Set<string>();
  for (const [index, pod] of newest) {
    const verdict = hasFailed(pod, job) ? judgeFailure(job, pod) : undefined;
    const count = indexFailuresBefore(pod) + (verdict === undefined ? 0 : 1);
    failures.set(index, count);
    if (completed.has(index)) continue;
    if (verdict?.kind === 'failIndex' || count > limit) failedIndexes.add(index);
    else if (verdict !== undefined && !isDecided) evidence.add(pod.metadata.uid);
  }
  return { failures, failedIndexes, evidence };
}
