/** The conditions of a Job, its times, and the events that tell of them. Pure. */
import type { JobCondition } from 'kubernetes-types/batch/v1';
import type { Job } from '../../../shared/kubernetes/objects.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';
import { subjectOf } from '../../events/event.ts';
import type { Action } from '../controller.ts';
import { hasCondition } from './finished.ts';
import type { Verdict } from './verdict.ts';

type NextConditions = {
  readonly conditions: JobCondition[];
  /** Reset by a suspension: time spent suspended does not count towards the deadline. */
  readonly startTime: string | undefined;
  readonly completionTime: string | undefined;
  readonly events: readonly Action[];
};

/** A verdict stands in an interim condition first, and in the final one once the Job is over. */
export function nextConditions(
  job: Job,
  {
    verdict,
    isOver,
    nowMs,
  }: { readonly verdict: Verdict | undefined; readonly isOver: boolean; readonly nowMs: number },
): NextConditions {
  const now = formatTime(nowMs);
  const before = job.status?.conditions ?? [];
  const startTime = job.status?.startTime;
  if (verdict === undefined) return suspension(job, now);
  const { kind, reason, message } = verdict;
  const interim = kind === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  const condition = (type: string): JobCondition => ({
    type,
    status: 'True',
    reason,
    message,
    lastProbeTime: now,
    lastTransitionTime: now,
  });
  const added = [interim, ...(isOver ? [kind] : [])].filter(type => !hasCondition(job, type));
  const completionTime = kind === 'Complete' && isOver ? now : job.status?.completionTime;
  const told = !isOver
    ? []
    : [
        kind === 'Complete'
          ? tell(job, 'Normal', 'Completed', 'Job completed')
          : tell(job, 'Warning', reason, message),
      ];
  return { conditions: [...before, ...added.map(condition)], startTime, completionTime, events: told };
}

function suspension(job: Job, now: string): NextConditions {
  const { suspend = false } = job.spec;
  const before = job.status?.conditions ?? [];
  const was = before.find(({ type }) => type === 'Suspended');
  const kept = { completionTime: job.status?.completionTime };
  const startTime = suspend ? undefined : (job.status?.startTime ?? now);
  if ((was?.status === 'True') === suspend) return { ...kept, conditions: before, startTime, events: [] };
  const [reason, message] = suspend ? ['JobSuspended', 'Job suspended'] : ['JobResumed', 'Job resumed'];
  const next: JobCondition = {
    type: 'Suspended',
    status: suspend ? 'True' : 'False',
    reason,
    message,
    lastProbeTime: now,
    lastTransitionTime: now,
  };
  return {
    ...kept,
    conditions: [...before.filter(({ type }) => type !== 'Suspended'), next],
    startTime: suspend ? undefined : now,
    events: [tell(job, 'Normal', suspend ? 'Suspended' : 'Resumed', message)],
  };
}

function tell(job: Job, type: 'Normal' | 'Warning', reason: string, message: string): Action {
  return { kind: 'event', about: subjectOf('Job', job), type, reason, message };
}
