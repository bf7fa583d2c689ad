/** core/v1 LimitRange. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import { compareQuantities } from '../../../shared/quantity.ts';
import { checkUnique, forbidden, invalidValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { column } from './columns.ts';

export const limitRange: Kind<'LimitRange'> = {
  id: 'LimitRange',
  kind: 'LimitRange',
  group: '',
  version: 'v1',
  plural: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  categories: [],
  namespaced: true,
  type: 'V1LimitRange',
  subresources: [],
  columns: [column('Created At', ({ metadata }) => metadata.creationTimestamp)],
  selectableFields: {},
  defaults: object =>
    object.spec?.limits === undefined
      ? object
      : { ...object, spec: { ...object.spec, limits: object.spec.limits.map(defaultLimit) } },
  validate: ({ spec }) => [
    ...checkUnique(
      index => `spec.limits[${index}].type`,
      (spec?.limits ?? []).map(({ type }) => type),
    ),
    ...(spec?.limits ?? []).flatMap((limit, index) => validateLimit(limit, `spec.limits[${index}]`)),
  ],
};

type Limit = NonNullable<KindMap['LimitRange']['spec']>['limits'][number];

/** A maximum is the default limit, a default limit the default request, else a minimum is. */
function defaultLimit(limit: Limit): Limit {
  if (limit.type !== 'Container') return limit;
  const limits = { ...limit.max, ...limit.default };
  const requests = { ...limit.min, ...limits, ...limit.defaultRequest };
  return {
    ...limit,
    ...(Object.keys(limits).length === 0 ? {} : { default: limits }),
    ...(Object.keys(requests).length === 0 ? {} : { defaultRequest: requests }),
  };
}

/** Each of these may not be above the next, as far as they are given. */
const ASCENDING = [
  ['min', 'minimum'],
  ['defaultRequest', 'default request'],
  ['default', 'default'],
  ['max', 'max'],
] as const;

function validateLimit(limit: Limit, path: string): StatusCause[] {
  const isOfPod = limit.type === 'Pod';
  const names = new Set(ASCENDING.flatMap(([field]) => Object.keys(limit[field] ?? {})));
  return [
    ...(isOfPod && limit.default !== undefined
      ? [forbidden(`${path}.default`, "may not be specified when `type` is 'Pod'")]
      : []),
    ...(isOfPod && limit.defaultRequest !== undefined
      ? [forbidden(`${path}.defaultRequest`, "may not be specified when `type` is 'Pod'")]
      : []),
    ...[...names].flatMap(name => validateOrder(limit, name, path)),
    ...Object.entries(limit.maxLimitRequestRatio ?? {}).flatMap(([name, ratio]) =>
      compareQuantities(ratio, '1') < 0
        ? [invalidValue(`${path}.maxLimitRequestRatio[${name}]`, ratio, `ratio ${ratio} is less than 1`)]
        : [],
    ),
  ];
}

function validateOrder(limit: Limit, name: string, path: string): StatusCause[] {
  const given = ASCENDING.flatMap(([field, words]) => {
    const quantity = limit[field]?.[name];
    return quantity === undefined ? [] : [{ field, words, quantity }];
  });
  return given.flatMap((lower, index) =>
    given
      .slice(index + 1)
      .filter(upper => compareQuantities(lower.quantity, upper.quantity) > 0)
      .map(upper =>
        invalidValue(
          `${path}.${lower.field}[${name}]`,
          lower.quantity,
          `${lower.words} value ${lower.quantity} is greater than ${upper.words} value ${upper.quantity}`,
        ),
      ),
  );
}
