/**
 * CronJob: makes a Job at each scheduled time.
 *
 * A device's clock may jump by years. Forward: of all the times missed only the latest is made up for. Back: a last time that
 * lies in the future was never real, and counting starts again from now. It looks at the clock once a minute at least, for a
 * timer set before a jump would ring too late.
 */

import { latestTime, nextTime, parseSchedule, type Schedule } from '../../../shared/cron.ts';
import { canonicalJson } from '../../../shared/digest.ts';
import type { CronJob, Job, New } from '../../../shared/kubernetes/objects.ts';
import { controllerReference, KIND_INFO } from '../../../shared/kubernetes/references.ts';
import { formatTime, parseTime } from '../../../shared/kubernetes/time.ts';
import { subjectOf } from '../../events/event.ts';
import { deleteOf } from '../actions.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { isFinished } from '../job/finished.ts';
import { CRON_LOOK_MS, MAX_MISSED_TIMES } from '../limits.ts';
import { isNamespaceTerminating, ownersOf } from '../wakes.ts';

const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

export const cronJobController: Controller<'CronJob'> = {
  name: 'cronjob-controller',
  of: 'CronJob',
  wakes: {
    Job: (job, view) => (job.metadata.ownerReferences === undefined ? [] : ownersOf('CronJob', job, view)),
  },
  plan: planCronJob,
};

function planCronJob(input: PlanInput): Plan {
  const { view, ref, nowMs } = input;
  const cronJob = view.get('CronJob', ref);
  if (cronJob === undefined || cronJob.metadata.deletionTimestamp !== undefined) return { actions: [] };
  const jobs = view.ownedBy('Job', cronJob.metadata.uid);
  const expired = expiredJobs(cronJob, jobs).map(job => deleteOf('Job', job, { propagation: 'Background' }));
  const round = { cronJob, jobs, nowMs };
  const parsed = parseSchedule(cronJob.spec.schedule);
  const mayRun = !cronJob.spec.suspend && !isNamespaceTerminating(view, ref.namespace);
  if (!parsed.ok || !mayRun) return { actions: [...expired, ...status(round, {})] };
  if (isClockPutBack(round))
    return { actions: [...expired, ...status(round, { lastScheduleTime: formatTime(nowMs) })] };
  const due = dueTime(round, parsed.schedule);
  const steps = due === undefined ? status(round, {}) : run(input, round, due);
  const nextMs = nextTime(parsed.schedule, nowMs, cronJob.spec.timeZone) ?? Infinity;
  return { actions: [...expired, ...steps], againAtMs: Math.min(nextMs, nowMs + CRON_LOOK_MS) };
}

type Round = { readonly cronJob: CronJob; readonly jobs: readonly Job[]; readonly nowMs: number };
type Due = { readonly atMs: number; readonly missed: number };

/** The time from which schedules count: the last one that ran, or the CronJob's own making. */
function earliestMs({ metadata, status: { lastScheduleTime } = {} }: CronJob): number {
  return parseTime(lastScheduleTime) ?? parseTime(metadata.creationTimestamp) ?? 0;
}

function isClockPutBack({ cronJob, nowMs }: Round): boolean {
  return earliestMs(cronJob) > nowMs + CRON_LOOK_MS;
}

/** The latest time that should have run and did not. Undefined when there is none. */
function dueTime({ cronJob, nowMs }: Round, schedule: Schedule): Due | undefined {
  const { startingDeadlineSeconds: deadline, timeZone } = cronJob.spec;
  const sinceMs = Math.max(
    earliestMs(cronJob),
    deadline === undefined ? Number.NEGATIVE_INFINITY : nowMs - deadline * 1000,
  );
  const atMs = latestTime(schedule, nowMs, timeZone);
  if (atMs === undefined || atMs <= sinceMs) return undefined;
  let missed = 0;
  for (
    let nextMs = nextTime(schedule, sinceMs, timeZone);
    nextMs !== undefined && nextMs < atMs && missed <= MAX_MISSED_TIMES;
    nextMs = nextTime(schedule, nextMs, timeZone)
  )
    missed++;
  return { atMs, missed };
}

function run({ view, ref }: PlanInput, round: Round, { atMs, missed }: Due): readonly Action[] {
  const { cronJob, jobs } = round;
  const active = jobs.filter(job => !isFinished(job));
  const { concurrencyPolicy } = cronJob.spec;
  const warning =
    missed > MAX_MISSED_TIMES
      ? [
          tell(
            cronJob,
            'Warning',
            'TooManyMissedTimes',
            'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
          ),
        ]
      : [];
  const name = jobName(cronJob, atMs);
  // It was made, and its answer or the status after it got lost.
  if (view.get('Job', { namespace: ref.namespace, name }) !== undefined)
    return status(round, { lastScheduleTime: formatTime(atMs) });
  if (concurrencyPolicy === 'Forbid' && active.length > 0) return status(round, {});
  const replaced = concurrencyPolicy === 'Replace' ? active : [];
  const stopped = replaced.flatMap(job => [
    deleteOf('Job', job, { propagation: 'Background' }),
    tell(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name}`),
  ]);
  return [
    ...warning,
    ...stopped,
    { kind: 'create', of: 'Job', object: newJob(cronJob, name, atMs) },
    tell(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${name}`),
    ...status(round, { lastScheduleTime: formatTime(atMs) }),
  ];
}

/** Minutes since 1970 make the name: one Job for one time, whoever makes it. */
function jobName({ metadata }: CronJob, atMs: number): string {
  return `${metadata.name}-${Math.floor(atMs / 60_000)}`;
}

function newJob(cronJob: CronJob, name: string, atMs: number): New<Job> {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  const annotations = { ...metadata?.annotations, [SCHEDULED_AT]: formatTime(atMs) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: cronJob.metadata.namespace,
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      annotations,
      ownerReferences: [controllerReference('CronJob', cronJob)],
    },
    spec: spec ?? { template: {} },
  };
}

/** Finished Jobs beyond what is kept, oldest first. */
function expiredJobs({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  const finished = [...jobs]
    .filter(job => isFinished(job) && job.metadata.deletionTimestamp === undefined)
    .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  const beyond = (some: readonly Job[], limit: number) => some.slice(0, Math.max(0, some.length - limit));
  const complete = finished.filter(isComplete);
  const failed = finished.filter(job => !isComplete(job));
  return [
    ...beyond(complete, spec.successfulJobsHistoryLimit ?? 3),
    ...beyond(failed, spec.failedJobsHistoryLimit ?? 1),
  ];
}

function isComplete({ status: { conditions = [] } = {} }: Job): boolean {
  return conditions.some(({ type, status: is }) => type === 'Complete' && is === 'True');
}

/** Which Jobs run, and when the last one succeeded. Each that finished since is told of. */
function status({ cronJob, jobs }: Round, change: { readonly lastScheduleTime?: string }): readonly Action[] {
  const before = cronJob.status ?? {};
  const active = jobs
    .filter(job => !isFinished(job))
    .map(({ metadata: { name, namespace, uid, resourceVersion: _moves } }) => ({
      apiVersion: KIND_INFO.Job.apiVersion,
      kind: 'Job',
      name,
      namespace,
      uid,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const successes = jobs.filter(isComplete).flatMap(job => job.status?.completionTime ?? []);
  const lastSuccessfulTime = [...successes, ...(before.lastSuccessfulTime ? [before.lastSuccessfulTime] : [])]
    .sort()
    .at(-1);
  const next = {
    ...before,
    ...change,
    active: active.length === 0 ? undefined : active,
    lastSuccessfulTime,
  };
  if (canonicalJson(next) === canonicalJson(before)) return [];
  const ended = jobs.filter(
    job => isFinished(job) && before.active?.some(({ uid }) => uid === job.metadata.uid),
  );
  return [
    { kind: 'updateStatus', of: 'CronJob', object: { ...cronJob, status: next } },
    ...ended.map(job =>
      tell(
        cronJob,
        'Normal',
        'SawCompletedJob',
        `Saw completed job: ${job.metadata.name}, condition: ${isComplete(job) ? 'Complete' : 'Failed'}`,
      ),
    ),
  ];
}

function tell(cronJob: CronJob, type: 'Normal' | 'Warning', reason: string, message: string): Action {
  return { kind: 'event', about: subjectOf('CronJob', cronJob), type, reason, message };
}
