/** apps/v1 DaemonSet. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';
import { checkCountOrPercent, checkOneOf, checkRange, invalidValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import {
  defaultTemplate,
  templateColumns,
  validateSameSelector,
  validateSelectorAndTemplate,
} from './pod-template.ts';

export const daemonSet: Kind<'DaemonSet'> = {
  id: 'DaemonSet',
  kind: 'DaemonSet',
  group: 'apps',
  version: 'v1',
  plural: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  type: 'V1DaemonSet',
  subresources: ['status'],
  columns: [
    { name: 'Desired', type: 'integer', cell: ({ status }) => status?.desiredNumberScheduled ?? 0 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.currentNumberScheduled ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.numberReady ?? 0 },
    { name: 'Up-to-date', type: 'integer', cell: ({ status }) => status?.updatedNumberScheduled ?? 0 },
    { name: 'Available', type: 'integer', cell: ({ status }) => status?.numberAvailable ?? 0 },
    {
      name: 'Node Selector',
      type: 'string',
      cell: ({ spec }) => formatNodeSelector(spec.template?.spec?.nodeSelector),
    },
    {
      name: 'Age',
      type: 'string',
      cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
    },
    ...templateColumns,
  ],
  selectableFields: {},
  defaults(object) {
    const { spec } = object;
    const { rollingUpdate, type = 'RollingUpdate' } = spec.updateStrategy ?? {};
    const rolling = {
      maxUnavailable: rollingUpdate?.maxUnavailable ?? 1,
      maxSurge: rollingUpdate?.maxSurge ?? 0,
    };
    return {
      ...object,
      spec: {
        ...spec,
        template: defaultTemplate(spec.template),
        updateStrategy: { type, ...(type === 'RollingUpdate' ? { rollingUpdate: rolling } : {}) },
        revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
      },
    };
  },
  validate: object => [
    ...validateSelectorAndTemplate(object),
    ...checkRange('spec.minReadySeconds', object.spec.minReadySeconds, 0),
    ...checkOneOf('spec.updateStrategy.type', object.spec.updateStrategy?.type, [
      'OnDelete',
      'RollingUpdate',
    ]),
    ...checkRange('spec.revisionHistoryLimit', object.spec.revisionHistoryLimit, 0),
    ...validateRollingUpdate(object.spec.updateStrategy?.rollingUpdate),
  ],
  validateUpdate: validateSameSelector,
};

type RollingUpdate = {
  readonly maxUnavailable?: string | number;
  readonly maxSurge?: string | number;
};

/** Exactly one of the two is not zero. */
function validateRollingUpdate(update: RollingUpdate | undefined): StatusCause[] {
  if (update === undefined) return [];
  const path = 'spec.updateStrategy.rollingUpdate';
  const isZero = (value: string | number | undefined) =>
    value === undefined || Number.parseInt(String(value), 10) === 0;
  const { maxUnavailable, maxSurge } = update;
  return [
    ...checkCountOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...checkCountOrPercent(`${path}.maxSurge`, maxSurge),
    ...(isZero(maxUnavailable) && isZero(maxSurge)
      ? [invalidValue(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
      : []),
    ...(!isZero(maxUnavailable) && !isZero(maxSurge)
      ? [invalidValue(`${path}.maxSurge`, maxSurge, 'may not be set when `maxUnavailable` is not 0')]
      : []),
  ];
}

function formatNodeSelector(selector: Readonly<Record<string, string>> | undefined): string {
  const terms = Object.entries(selector ?? {}).map(([key, value]) => `${key}=${value}`);
  return terms.length === 0 ? '<none>' : terms.join(',');
}
