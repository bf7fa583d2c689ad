/** What the kinds that make pods share: their selector, their template, and the columns that name them. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { LabelSelector, PodTemplateSpec } from '../../../shared/kubernetes/objects.ts';
import { matchesLabelSelector, requirementsOf } from '../../../shared/kubernetes/selectors.ts';
import { checkAnnotations, checkLabels, checkOneOf, invalidValue, requiredValue } from '../field-checks.ts';
import type { Column } from '../kind.ts';
import { defaultPodSpec, validatePodSpec } from './pod-spec.ts';

type Workload = { readonly spec: { readonly selector?: LabelSelector; readonly template?: PodTemplateSpec } };

export function defaultTemplate(template: PodTemplateSpec): PodTemplateSpec {
  return template?.spec === undefined ? template : { ...template, spec: defaultPodSpec(template.spec) };
}

/** Faults of selector and template together: the template must be one that the selector selects, and that runs for ever. */
export function validateSelectorAndTemplate({ spec }: Workload): StatusCause[] {
  const { selector, template } = spec;
  const labels = template?.metadata?.labels ?? {};
  const isEmpty = requirementsOf(selector).length === 0;
  return [
    ...(selector === undefined ? [requiredValue('spec.selector')] : []),
    ...(selector !== undefined && isEmpty
      ? [invalidValue('spec.selector', selector, 'empty selector is invalid')]
      : []),
    ...(selector?.matchExpressions ?? []).flatMap((expression, index) =>
      checkOneOf(`spec.selector.matchExpressions[${index}].operator`, expression.operator, [
        'In',
        'NotIn',
        'Exists',
        'DoesNotExist',
      ]),
    ),
    ...(!isEmpty && !matchesLabelSelector(selector, labels)
      ? [invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]
      : []),
    ...validateTemplate(template, 'spec.template'),
    ...checkOneOf('spec.template.spec.restartPolicy', template?.spec?.restartPolicy, ['Always']),
  ];
}

/** Faults of a template by itself, whatever its pods' restart policy. */
export function validateTemplate(template: PodTemplateSpec | undefined, path: string): StatusCause[] {
  return [
    ...checkLabels(`${path}.metadata.labels`, template?.metadata?.labels),
    ...checkAnnotations(`${path}.metadata.annotations`, template?.metadata?.annotations),
    ...(template?.spec === undefined
      ? [requiredValue(`${path}.spec`)]
      : validatePodSpec(template.spec, `${path}.spec`)),
  ];
}

export function validateSameSelector(next: Workload, current: Workload): StatusCause[] {
  return isDeepStrictEqual(next.spec.selector, current.spec.selector)
    ? []
    : [invalidValue('spec.selector', next.spec.selector, 'field is immutable')];
}

/** The wide columns that every maker of pods has. */
export const templateColumns: readonly Column<Workload>[] = [
  {
    name: 'Containers',
    type: 'string',
    priority: 1,
    cell: ({ spec }) =>
      containersOf(spec.template)
        .map(({ name }) => name)
        .join(','),
  },
  {
    name: 'Images',
    type: 'string',
    priority: 1,
    cell: ({ spec }) =>
      containersOf(spec.template)
        .map(({ image }) => image ?? '')
        .join(','),
  },
  { name: 'Selector', type: 'string', priority: 1, cell: ({ spec }) => formatSelector(spec.selector) },
];

/** The same for a template that lies elsewhere, or a selector of another shape. */
export function templateColumnsOf<T>(workload: (object: T) => Workload): readonly Column<T>[] {
  return templateColumns.map(({ cell, ...column }) => ({
    ...column,
    cell: (object: T, nowMs: number) => cell(workload(object), nowMs),
  }));
}

function containersOf(template: PodTemplateSpec | undefined) {
  return template?.spec?.containers ?? [];
}

/** As kubectl prints it: `a=b,c in (d,e),!f`; `<none>` when it is empty. */
export function formatSelector(selector: LabelSelector | undefined): string {
  const terms = requirementsOf(selector).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    if (operator === 'In' && values.length === 1) return `${key}=${values[0]}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${[...values].sort().join(',')})`;
  });
  return terms.length === 0 ? '<none>' : terms.join(',');
}
