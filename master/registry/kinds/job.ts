/** batch/v1 Job. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { Job, PodTemplateSpec } from '../../../shared/kubernetes/objects.ts';
import { matchesLabelSelector } from '../../../shared/kubernetes/selectors.ts';
import { formatDuration, parseTime } from '../../../shared/kubernetes/time.ts';
import { checkUnchanged, invalidValue, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';
import { validateJobSpec } from './job-spec.ts';
import { defaultTemplate, templateColumns } from './pod-template.ts';

const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid';
const JOB_NAME = 'batch.kubernetes.io/job-name';

export const job: Kind<'Job'> = {
  id: 'Job',
  kind: 'Job',
  group: 'batch',
  version: 'v1',
  plural: 'jobs',
  singular: 'job',
  shortNames: [],
  categories: ['all'],
  namespaced: true,
  type: 'V1Job',
  subresources: ['status'],
  columns: [
    { name: 'Status', type: 'string', cell: shownStatus },
    { name: 'Completions', type: 'string', cell: shownCompletions },
    { name: 'Duration', type: 'string', cell: shownDuration },
    ageColumn,
    ...templateColumns,
  ],
  selectableFields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  defaults: object =>
    object.spec === undefined ? object : withSelector({ ...object, spec: defaultJobSpec(object.spec) }),
  validate: object => [...validateSelector(object), ...validateJobSpec(object.spec, 'spec')],
  validateUpdate,
};

/** What a Job's spec holds when the user left it open; the same in the template of a CronJob, but for its selector. */
function defaultJobSpec(spec: Job['spec']): Job['spec'] {
  const { completions, parallelism } = spec;
  const isQueue = completions === undefined;
  return {
    ...spec,
    ...(isQueue && parallelism === undefined ? { completions: 1 } : {}),
    parallelism: parallelism ?? 1,
    backoffLimit: spec.backoffLimit ?? (spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1),
    completionMode: spec.completionMode ?? 'NonIndexed',
    suspend: spec.suspend ?? false,
    manualSelector: spec.manualSelector ?? false,
    podReplacementPolicy:
      spec.podReplacementPolicy ?? (spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'),
    template: defaultTemplate(spec.template),
  };
}

/** Its own uid is what tells its pods from those of every other Job. */
function withSelector(object: Job): Job {
  const { spec, metadata } = object;
  if (spec.manualSelector || spec.template === undefined) return object;
  const labels = {
    'controller-uid': metadata.uid,
    'job-name': metadata.name,
    [CONTROLLER_UID]: metadata.uid,
    [JOB_NAME]: metadata.name,
    ...spec.template.metadata?.labels,
  };
  const matchLabels = { [CONTROLLER_UID]: metadata.uid, ...spec.selector?.matchLabels };
  return {
    ...object,
    metadata: { ...metadata, labels: metadata.labels ?? labels },
    spec: {
      ...spec,
      selector: { ...spec.selector, matchLabels },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  };
}

function validateSelector({ spec, metadata }: Job): StatusCause[] {
  const labels = spec.template?.metadata?.labels ?? {};
  if (spec.selector === undefined) return [requiredValue('spec.selector')];
  const wanted = {
    'controller-uid': metadata.uid,
    'job-name': metadata.name,
    [CONTROLLER_UID]: metadata.uid,
    [JOB_NAME]: metadata.name,
  };
  const generated = spec.manualSelector
    ? []
    : [
        ...Object.entries(wanted).flatMap(([key, value]) =>
          labels[key] === value
            ? []
            : [invalidValue('spec.template.metadata.labels', labels, `must be '${value}'`)],
        ),
        ...(matchesLabelSelector(spec.selector, wanted)
          ? []
          : [invalidValue('spec.selector', spec.selector, '`selector` not auto-generated')]),
      ];
  const isMatching = matchesLabelSelector(spec.selector, labels);
  return [
    ...generated,
    ...(isMatching
      ? []
      : [
          invalidValue(
            'spec.template.metadata.labels',
            labels,
            '`selector` does not match template `labels`',
          ),
        ]),
  ];
}

function validateUpdate(next: Job, current: Job): StatusCause[] {
  const kept = [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const;
  const isUnstarted = current.spec.suspend === true && current.status?.startTime === undefined;
  const templateOf = ({ spec }: Job) => (isUnstarted ? withoutScheduling(spec.template) : spec.template);
  return [
    ...kept.flatMap(field => checkUnchanged(`spec.${field}`, next.spec[field], current.spec[field])),
    ...validateCompletions(next.spec, current.spec),
    ...(isDeepStrictEqual(templateOf(next), templateOf(current))
      ? []
      : checkUnchanged('spec.template', next.spec.template, current.spec.template)),
  ];
}

/** An Indexed Job is elastic: completions may follow parallelism. */
function validateCompletions(next: Job['spec'], current: Job['spec']): StatusCause[] {
  const isElastic = next.completionMode === 'Indexed' && next.completions === next.parallelism;
  return isElastic ? [] : checkUnchanged('spec.completions', next.completions, current.completions);
}

/** Where the pods of a Job that has not started may run can still be changed. */
function withoutScheduling({ metadata, spec }: PodTemplateSpec): unknown {
  return {
    metadata: { ...metadata, labels: undefined, annotations: undefined },
    spec: {
      ...spec,
      nodeSelector: undefined,
      tolerations: undefined,
      schedulingGates: undefined,
      affinity: { ...spec?.affinity, nodeAffinity: undefined },
    },
  };
}

function shownStatus({ metadata, status }: Job): string {
  const has = (type: string) =>
    (status?.conditions ?? []).some(condition => condition.type === type && condition.status === 'True');
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  if (has('FailureTarget')) return 'FailureTarget';
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function shownCompletions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function shownDuration({ status }: Job, nowMs: number): string {
  const startedMs = parseTime(status?.startTime);
  if (startedMs === undefined) return '';
  const ended =
    status?.completionTime ??
    status?.conditions?.find(({ type, status: is }) => type === 'Failed' && is === 'True')
      ?.lastTransitionTime;
  return formatDuration(((parseTime(ended) ?? nowMs) - startedMs) / 1000);
}
