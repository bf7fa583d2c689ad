/** Defaults and validation of a Job's spec: for Jobs and for the templates in CronJobs. Source: Kubernetes's API reference, batch/v1. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import { parseIndexes } from '../../../shared/kubernetes/completion-indexes.ts';
import type { Job } from '../../../shared/kubernetes/objects.ts';
import { checkOneOf, checkQualifiedName, checkRange, invalidValue, requiredValue } from '../field-checks.ts';
import { validateTemplate } from './pod-template.ts';

type JobSpec = Job['spec'];

const MAX_INT32 = 2 ** 31 - 1;
/** Kubernetes's bounds on Indexed Jobs. */
const MAX_PARALLELISM = 100_000;
const MAX_INDEX_FAILURES = 100_000;
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

/** Every fault of a spec below `path`, but for its selector. */
export function validateJobSpec(spec: JobSpec, path: string): StatusCause[] {
  const restartPolicy = spec.template?.spec?.restartPolicy;
  const nonNegative = [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const;
  return [
    ...nonNegative.flatMap(field => checkRange(`${path}.${field}`, spec[field], 0)),
    ...checkOneOf(`${path}.completionMode`, spec.completionMode, ['Indexed', 'NonIndexed']),
    ...checkOneOf(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, [
      'Failed',
      'TerminatingOrFailed',
    ]),
    ...(spec.podFailurePolicy !== undefined && spec.podReplacementPolicy === 'TerminatingOrFailed'
      ? [unsupported(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed'])]
      : []),
    ...(spec.managedBy === undefined ? [] : validateManagedBy(spec.managedBy, `${path}.managedBy`)),
    ...validateIndexed(spec, path),
    ...validateTemplate(spec.template, `${path}.template`),
    ...(spec.template?.spec !== undefined && restartPolicy !== 'OnFailure' && restartPolicy !== 'Never'
      ? [requiredValue(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"')]
      : []),
    ...validateFailurePolicy(spec, `${path}.podFailurePolicy`),
    ...validateSuccessPolicy(spec, `${path}.successPolicy`),
  ];
}

function unsupported(field: string, value: string, allowed: readonly string[]): StatusCause {
  const [fault] = checkOneOf(field, value, allowed);
  return fault ?? invalidValue(field, value, 'is not supported');
}

function validateManagedBy(managedBy: string, field: string): StatusCause[] {
  const hasDomain = managedBy.includes('/');
  return [
    ...checkQualifiedName(field, managedBy),
    ...(hasDomain
      ? []
      : [invalidValue(field, managedBy, 'must be a domain-prefixed path (such as "acme.io/foo")')]),
    ...(managedBy.length > 63
      ? [{ reason: 'FieldValueTooLong', message: 'Too long: may not be more than 63 bytes', field }]
      : []),
  ];
}

function validateIndexed(spec: JobSpec, path: string): StatusCause[] {
  const { completions, parallelism = 1, maxFailedIndexes, backoffLimitPerIndex } = spec;
  if (spec.completionMode !== 'Indexed')
    return [
      ...(backoffLimitPerIndex === undefined
        ? []
        : [
            invalidValue(
              `${path}.backoffLimitPerIndex`,
              backoffLimitPerIndex,
              'requires indexed completion mode',
            ),
          ]),
      ...(maxFailedIndexes === undefined
        ? []
        : [invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, 'requires indexed completion mode')]),
    ];
  return [
    ...(completions === undefined
      ? [requiredValue(`${path}.completions`, 'when completion mode is Indexed')]
      : []),
    ...(parallelism > MAX_PARALLELISM
      ? [
          invalidValue(
            `${path}.parallelism`,
            parallelism,
            `must be less than or equal to ${MAX_PARALLELISM} when completion mode is Indexed`,
          ),
        ]
      : []),
    ...(maxFailedIndexes !== undefined && completions !== undefined && maxFailedIndexes > completions
      ? [
          invalidValue(
            `${path}.maxFailedIndexes`,
            maxFailedIndexes,
            'must be less than or equal to completions',
          ),
        ]
      : []),
    ...(maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined
      ? [requiredValue(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')]
      : []),
    ...(maxFailedIndexes !== undefined && maxFailedIndexes > MAX_INDEX_FAILURES
      ? [
          invalidValue(
            `${path}.maxFailedIndexes`,
            maxFailedIndexes,
            `must be less than or equal to ${MAX_INDEX_FAILURES}`,
          ),
        ]
      : []),
  ];
}

function validateFailurePolicy(
  { podFailurePolicy, template, backoffLimitPerIndex }: JobSpec,
  path: string,
): StatusCause[] {
  if (podFailurePolicy === undefined) return [];
  const rules = podFailurePolicy.rules ?? [];
  const names = [...(template?.spec?.containers ?? []), ...(template?.spec?.initContainers ?? [])].map(
    ({ name }) => name,
  );
  return [
    ...(template?.spec?.restartPolicy === 'Never'
      ? []
      : [
          invalidValue(
            'spec.template.spec.restartPolicy',
            template?.spec?.restartPolicy,
            'only "Never" is supported when podFailurePolicy is specified',
          ),
        ]),
    ...(rules.length > MAX_RULES
      ? [
          {
            reason: 'FieldValueTooMany',
            message: `Too many: ${rules.length}: must have at most ${MAX_RULES} items`,
            field: `${path}.rules`,
          },
        ]
      : []),
    ...rules.flatMap(({ action, onExitCodes, onPodConditions = [] }, index) => {
      const at = `${path}.rules[${index}]`;
      const isBoth = onExitCodes !== undefined && onPodConditions.length > 0;
      const isNeither = onExitCodes === undefined && onPodConditions.length === 0;
      return [
        ...checkOneOf(`${at}.action`, action, ['Count', 'FailIndex', 'FailJob', 'Ignore']),
        ...(action === 'FailIndex' && backoffLimitPerIndex === undefined
          ? [invalidValue(`${at}.action`, action, 'requires the backoffLimitPerIndex to be set')]
          : []),
        ...(isBoth
          ? [invalidValue(at, '', 'specifying both OnExitCodes and OnPodConditions is not supported')]
          : []),
        ...(isNeither
          ? [invalidValue(at, '', 'specifying one of OnExitCodes and OnPodConditions is required')]
          : []),
        ...(onExitCodes === undefined ? [] : validateExitCodes(onExitCodes, `${at}.onExitCodes`, names)),
        ...onPodConditions.flatMap(({ type, status }, i) => [
          ...checkQualifiedName(`${at}.onPodConditions[${i}].type`, type),
          ...checkOneOf(`${at}.onPodConditions[${i}].status`, status, ['False', 'True', 'Unknown']),
        ]),
      ];
    }),
  ];
}

type ExitCodes = {
  readonly operator: string;
  readonly values: readonly number[];
  readonly containerName?: string;
};

function validateExitCodes(
  { operator, values = [], containerName }: ExitCodes,
  path: string,
  names: readonly string[],
): StatusCause[] {
  const isSorted = values.every((value, i) => i === 0 || value >= (values[i - 1] ?? 0));
  return [
    ...checkOneOf(`${path}.operator`, operator, ['In', 'NotIn']),
    ...(containerName !== undefined && !names.includes(containerName)
      ? [
          invalidValue(
            `${path}.containerName`,
            containerName,
            'must be one of the container or initContainer names in the pod template',
          ),
        ]
      : []),
    ...(values.length === 0
      ? [invalidValue(`${path}.values`, values, 'at least one value is required')]
      : []),
    ...(values.length > MAX_EXIT_CODES
      ? [
          {
            reason: 'FieldValueTooMany',
            message: `Too many: ${values.length}: must have at most ${MAX_EXIT_CODES} items`,
            field: `${path}.values`,
          },
        ]
      : []),
    ...(operator === 'In' && values.includes(0)
      ? [invalidValue(`${path}.values[${values.indexOf(0)}]`, 0, 'must not be 0 for the In operator')]
      : []),
    ...(isSorted ? [] : [invalidValue(`${path}.values`, values, 'must be ordered')]),
  ];
}

function validateSuccessPolicy(
  { successPolicy, completionMode, completions = 0 }: JobSpec,
  path: string,
): StatusCause[] {
  if (successPolicy === undefined) return [];
  const rules = successPolicy.rules ?? [];
  return [
    ...(completionMode === 'Indexed'
      ? []
      : [invalidValue(path, successPolicy, 'requires indexed completion mode')]),
    ...(rules.length === 0
      ? [
          requiredValue(
            `${path}.rules`,
            'at least one rules must be specified when the successPolicy is specified',
          ),
        ]
      : []),
    ...rules.flatMap(({ succeededCount, succeededIndexes }, index) => {
      const at = `${path}.rules[${index}]`;
      if (succeededCount === undefined && succeededIndexes === undefined)
        return [requiredValue(at, 'at least one of succeededCount or succeededIndexes must be specified')];
      const named = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes, completions);
      return [
        ...(named === undefined && succeededIndexes !== undefined
          ? [invalidValue(`${at}.succeededIndexes`, succeededIndexes, 'error parsing succeededIndexes')]
          : []),
        ...checkRange(`${at}.succeededCount`, succeededCount, 1, MAX_INT32),
        ...(succeededCount !== undefined && succeededCount > completions
          ? [
              invalidValue(
                `${at}.succeededCount`,
                succeededCount,
                `must be less than or equal to ${completions} (the number of specified completions)`,
              ),
            ]
          : []),
        ...(succeededCount !== undefined && named !== undefined && succeededCount > named.size
          ? [
              invalidValue(
                `${at}.succeededCount`,
                succeededCount,
                `must be less than or equal to ${named.size} (the number of indexes in the specified succeededIndexes field)`,
              ),
            ]
          : []),
      ];
    }),
  ];
}
