/** apps/v1 DaemonSet. */
import { formatAge } from '../../../shared/kubernetes/time.ts';
import { checkOneOf, checkRange } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { checkCountOrPercent } from './deployment.ts';
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
    ...checkCountOrPercent(
      'spec.updateStrategy.rollingUpdate.maxUnavailable',
      object.spec.updateStrategy?.rollingUpdate?.maxUnavailable,
    ),
  ],
  validateUpdate: validateSameSelector,
};

function formatNodeSelector(selector: Readonly<Record<string, string>> | undefined): string {
  const terms = Object.entries(selector ?? {}).map(([key, value]) => `${key}=${value}`);
  return terms.length === 0 ? '<none>' : terms.join(',');
}
