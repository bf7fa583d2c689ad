/** Whether a Job has come to its end, and in whose words. Pure. Reasons and messages are Kubernetes's. */
import { parseIndexes } from '../../../shared/kubernetes/completion-indexes.ts';
import type { Job, Pod } from '../../../shared/kubernetes/objects.ts';
import { parseTime } from '../../../shared/kubernetes/time.ts';
import { isIndexed } from './pods.ts';
import type { Tally } from './tally.ts';

export type Verdict = {
  readonly kind: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
};

const DEFAULT_BACKOFF_LIMIT = 6;

/** The Job's end, which once decided stands. Undefined while it goes on. */
export function verdictOf(
  job: Job,
  {
    counted,
    active,
    nowMs,
  }: { readonly counted: Tally; readonly active: readonly Pod[]; readonly nowMs: number },
): Verdict | undefined {
  return decided(job) ?? failure(job, counted, active, nowMs) ?? success(job, counted, active);
}

/** Decided before, and only waiting for the last pods to stop. */
function decided({ status }: Job): Verdict | undefined {
  const conditions = status?.conditions ?? [];
  const met = conditions.find(({ type, status: is }) => is === 'True' && type === 'SuccessCriteriaMet');
  const missed = conditions.find(({ type, status: is }) => is === 'True' && type === 'FailureTarget');
  const condition = met ?? missed;
  if (condition === undefined) return undefined;
  const { reason = '', message = '' } = condition;
  return { kind: met === undefined ? 'Failed' : 'Complete', reason, message };
}

function failure(job: Job, counted: Tally, active: readonly Pod[], nowMs: number): Verdict | undefined {
  const { spec } = job;
  const failed = (reason: string, message: string): Verdict => ({ kind: 'Failed', reason, message });
  if (counted.jobFailure !== undefined) return failed('PodFailurePolicy', counted.jobFailure);
  const limit = spec.backoffLimit ?? DEFAULT_BACKOFF_LIMIT;
  if (counted.failed > limit || isRestartedTooOften(job, active, limit))
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if ((deadlineAtMs(job) ?? Infinity) <= nowMs)
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (spec.backoffLimitPerIndex === undefined) return undefined;
  const { failedIndexes, completedIndexes } = counted;
  if (failedIndexes.size > (spec.maxFailedIndexes ?? Infinity))
    return failed(
      'MaxFailedIndexesExceeded',
      'Job has exceeded the specified maximal number of failed indexes',
    );
  return failedIndexes.size > 0 && failedIndexes.size + completedIndexes.size >= (spec.completions ?? 0)
    ? failed('FailedIndexes', 'Job has failed indexes')
    : undefined;
}

/** With OnFailure containers are started again in their pod: those restarts count. */
function isRestartedTooOften({ spec }: Job, active: readonly Pod[], limit: number): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = active.reduce(
    (sum, { status }) =>
      sum +
      [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].reduce(
        (inner, { restartCount }) => inner + restartCount,
        0,
      ),
    0,
  );
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** When activeDeadlineSeconds are over. Undefined without such a bound, or while the Job does not run. */
export function deadlineAtMs({ spec, status }: Job): number | undefined {
  const startedMs = parseTime(status?.startTime);
  if (spec.activeDeadlineSeconds === undefined || startedMs === undefined || spec.suspend) return undefined;
  return startedMs + spec.activeDeadlineSeconds * 1000;
}

function success(job: Job, counted: Tally, active: readonly Pod[]): Verdict | undefined {
  const { spec } = job;
  const rule = isIndexed(job) ? metRule(job, counted.completedIndexes) : undefined;
  if (rule !== undefined)
    return { kind: 'Complete', reason: 'SuccessPolicy', message: `Matched rules at index ${rule}` };
  const isComplete =
    spec.completions === undefined
      ? counted.succeeded > 0 && active.length === 0
      : counted.succeeded >= spec.completions && active.length === 0;
  return isComplete
    ? {
        kind: 'Complete',
        reason: 'CompletionsReached',
        message: 'Reached expected number of succeeded pods',
      }
    : undefined;
}

/** The first rule of the success policy that the completed indexes meet. */
function metRule({ spec }: Job, completed: ReadonlySet<number>): number | undefined {
  const rules = spec.successPolicy?.rules ?? [];
  const at = rules.findIndex(({ succeededIndexes, succeededCount }) => {
    const named =
      succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes, spec.completions ?? 0);
    const met =
      named === undefined ? completed.size : [...named].filter(index => completed.has(index)).length;
    return met >= (succeededCount ?? named?.size ?? Infinity);
  });
  return at < 0 ? undefined : at;
}
