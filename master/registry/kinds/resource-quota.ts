/** core/v1 ResourceQuota. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import {
  checkNonNegative,
  checkOneOf,
  checkQualifiedName,
  checkUnchanged,
  invalidValue,
  requiredValue,
} from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column } from './columns.ts';

export const resourceQuota: Kind<'ResourceQuota'> = {
  id: 'ResourceQuota',
  kind: 'ResourceQuota',
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  categories: [],
  namespaced: true,
  type: 'V1ResourceQuota',
  subresources: ['status'],
  columns: [
    column('Request', object => shownUsage(object, name => !isLimit(name))),
    column('Limit', object => shownUsage(object, isLimit)),
    ageColumn,
  ],
  selectableFields: {},
  defaults: object => object,
  validate: ({ spec }) => [
    ...Object.entries(spec?.hard ?? {}).flatMap(([name, quantity]) => [
      ...checkQualifiedName(`spec.hard[${name}]`, name),
      ...checkNonNegative(`spec.hard[${name}]`, quantity),
    ]),
    ...(spec?.scopes ?? []).flatMap(scope => checkOneOf('spec.scopes', scope, SCOPES)),
    ...(spec?.scopeSelector?.matchExpressions ?? []).flatMap((expression, index) =>
      validateScope(expression, `spec.scopeSelector.matchExpressions[${index}]`),
    ),
  ],
  validateUpdate: (next, current) => checkUnchanged('spec.scopes', next.spec?.scopes, current.spec?.scopes),
};

const SCOPES = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
];

type Quota = KindMap['ResourceQuota'];
type ScopeExpression = NonNullable<
  NonNullable<NonNullable<Quota['spec']>['scopeSelector']>['matchExpressions']
>[number];

function validateScope({ scopeName, operator, values = [] }: ScopeExpression, path: string): StatusCause[] {
  const wantsValues = operator === 'In' || operator === 'NotIn';
  return [
    ...checkOneOf(`${path}.scopeName`, scopeName, SCOPES),
    ...checkOneOf(`${path}.operator`, operator, ['DoesNotExist', 'Exists', 'In', 'NotIn']),
    ...(wantsValues && values.length === 0
      ? [
          requiredValue(
            `${path}.values`,
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
          ),
        ]
      : []),
    ...(!wantsValues && values.length > 0
      ? [
          invalidValue(
            `${path}.values`,
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          ),
        ]
      : []),
  ];
}

function isLimit(name: string): boolean {
  return name.startsWith('limits.');
}

/** `cpu: 1/2, memory: 0/1Gi`: what is used of what there is. */
function shownUsage({ spec, status }: Quota, isShown: (name: string) => boolean): string {
  return Object.entries(status?.hard ?? spec?.hard ?? {})
    .filter(([name]) => isShown(name))
    .sort()
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? '0'}/${hard}`)
    .join(', ');
}
