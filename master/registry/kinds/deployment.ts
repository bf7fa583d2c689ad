/** apps/v1 Deployment. */

import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';
import { checkCountOrPercent, checkOneOf, checkRange, forbidden, invalidValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import {
  defaultTemplate,
  formatSelector,
  templateColumns,
  validateSameSelector,
  validateSelectorAndTemplate,
} from './pod-template.ts';

export const deployment: Kind<'Deployment'> = {
  id: 'Deployment',
  kind: 'Deployment',
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  type: 'V1Deployment',
  subresources: ['status', 'scale'],
  metadataWithStatus: ['annotations', 'ownerReferences', 'finalizers'],
  columns: [
    {
      name: 'Ready',
      type: 'string',
      cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    },
    { name: 'Up-to-date', type: 'integer', cell: ({ status }) => status?.updatedReplicas ?? 0 },
    { name: 'Available', type: 'integer', cell: ({ status }) => status?.availableReplicas ?? 0 },
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
    const isRolling = (spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
    const rollingUpdate = {
      maxSurge: spec.strategy?.rollingUpdate?.maxSurge ?? '25%',
      maxUnavailable: spec.strategy?.rollingUpdate?.maxUnavailable ?? '25%',
    };
    return {
      ...object,
      spec: {
        ...spec,
        replicas: spec.replicas ?? 1,
        template: defaultTemplate(spec.template),
        strategy: {
          ...spec.strategy,
          type: spec.strategy?.type ?? 'RollingUpdate',
          ...(isRolling ? { rollingUpdate } : {}),
        },
        revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
        progressDeadlineSeconds: spec.progressDeadlineSeconds ?? 600,
      },
    };
  },
  validate: object => [
    ...validateSelectorAndTemplate(object),
    ...checkRange('spec.replicas', object.spec.replicas, 0),
    ...checkRange('spec.minReadySeconds', object.spec.minReadySeconds, 0),
    ...checkRange('spec.revisionHistoryLimit', object.spec.revisionHistoryLimit, 0),
    ...checkOneOf('spec.strategy.type', object.spec.strategy?.type, ['Recreate', 'RollingUpdate']),
    ...validateRollingUpdate(object.spec.strategy),
  ],
  validateUpdate: validateSameSelector,
  scaling: {
    read: ({ spec, status }) => ({
      wanted: spec.replicas ?? 0,
      observed: status?.replicas ?? 0,
      selector: formatSelector(spec.selector),
    }),
    write: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
  },
};

type Strategy = {
  readonly type?: string;
  readonly rollingUpdate?: { maxSurge?: string | number; maxUnavailable?: string | number };
};

function validateRollingUpdate(strategy: Strategy | undefined): StatusCause[] {
  const path = 'spec.strategy.rollingUpdate';
  const update = strategy?.rollingUpdate;
  if (update === undefined) return [];
  if (strategy?.type === 'Recreate')
    return [forbidden(path, "may not be specified when strategy `type` is 'Recreate'")];
  const isZero = (value: string | number | undefined) => value === 0 || value === '0%' || value === '0';
  return [
    ...checkCountOrPercent(`${path}.maxSurge`, update.maxSurge),
    ...checkCountOrPercent(`${path}.maxUnavailable`, update.maxUnavailable),
    ...(isZero(update.maxSurge) && isZero(update.maxUnavailable)
      ? [invalidValue(`${path}.maxUnavailable`, update.maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
      : []),
  ];
}
