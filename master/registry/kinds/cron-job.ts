/** batch/v1 CronJob. */
import { isTimeZone, parseSchedule } from '../../../shared/cron.ts';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { CronJob } from '../../../shared/kubernetes/objects.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';
import { checkOneOf, checkRange, invalidValue, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';
import { validateJobSpec } from './job-spec.ts';
import { defaultTemplate, templateColumnsOf } from './pod-template.ts';

/** The names of its Jobs add eleven characters, and those of pods must stay labels. */
const MAX_NAME_CHARS = 52;

export const cronJob: Kind<'CronJob'> = {
  id: 'CronJob',
  kind: 'CronJob',
  group: 'batch',
  version: 'v1',
  plural: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  type: 'V1CronJob',
  subresources: ['status'],
  columns: [
    { name: 'Schedule', type: 'string', cell: ({ spec }) => spec.schedule },
    { name: 'Timezone', type: 'string', cell: ({ spec }) => spec.timeZone ?? '<none>' },
    { name: 'Suspend', type: 'string', cell: ({ spec }) => (spec.suspend ? 'True' : 'False') },
    { name: 'Active', type: 'integer', cell: ({ status }) => status?.active?.length ?? 0 },
    {
      name: 'Last Schedule',
      type: 'string',
      cell: ({ status }, nowMs) =>
        status?.lastScheduleTime === undefined ? '<none>' : formatAge(status.lastScheduleTime, nowMs),
    },
    ageColumn,
    ...templateColumnsOf<CronJob>(({ spec }) => ({ spec: spec.jobTemplate?.spec ?? {} })),
  ],
  selectableFields: {},
  defaults(object) {
    const { spec } = object;
    if (spec === undefined) return object;
    const job = spec.jobTemplate?.spec;
    const jobTemplate =
      job?.template === undefined
        ? spec.jobTemplate
        : { ...spec.jobTemplate, spec: { ...job, template: defaultTemplate(job.template) } };
    return {
      ...object,
      spec: {
        ...spec,
        concurrencyPolicy: spec.concurrencyPolicy ?? 'Allow',
        suspend: spec.suspend ?? false,
        successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit ?? 3,
        failedJobsHistoryLimit: spec.failedJobsHistoryLimit ?? 1,
        jobTemplate,
      },
    };
  },
  validate({ metadata, spec }) {
    const job = spec.jobTemplate?.spec;
    return [
      ...(metadata.name.length > MAX_NAME_CHARS
        ? [invalidValue('metadata.name', metadata.name, `must be no more than ${MAX_NAME_CHARS} characters`)]
        : []),
      ...validateSchedule(spec),
      ...checkRange('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds, 0),
      ...(spec.concurrencyPolicy === ''
        ? [requiredValue('spec.concurrencyPolicy')]
        : checkOneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'])),
      ...checkRange('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit, 0),
      ...checkRange('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit, 0),
      ...(job === undefined
        ? [requiredValue('spec.jobTemplate.spec')]
        : validateJobSpec(job, 'spec.jobTemplate.spec')),
      ...(job?.manualSelector
        ? checkOneOf('spec.jobTemplate.spec.manualSelector', 'true', ['nil', 'false'])
        : []),
    ];
  },
};

function validateSchedule({ schedule, timeZone }: CronJob['spec']): StatusCause[] {
  return [
    ...(schedule ? checkSchedule(schedule) : [requiredValue('spec.schedule')]),
    ...(timeZone === undefined ? [] : checkTimeZone(timeZone)),
  ];
}

function checkSchedule(schedule: string): StatusCause[] {
  if (/(^|\s)(CRON_)?TZ=/.test(schedule))
    return [
      invalidValue(
        'spec.schedule',
        schedule,
        'cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ),
    ];
  const parsed = parseSchedule(schedule);
  return parsed.ok ? [] : [invalidValue('spec.schedule', schedule, parsed.reason)];
}

function checkTimeZone(timeZone: string): StatusCause[] {
  const field = 'spec.timeZone';
  if (timeZone === '') return [invalidValue(field, timeZone, 'timeZone must be nil or non-empty string')];
  if (timeZone.toLowerCase() === 'local')
    return [
      invalidValue(
        field,
        timeZone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ];
  return isTimeZone(timeZone) ? [] : [invalidValue(field, timeZone, `unknown time zone ${timeZone}`)];
}
