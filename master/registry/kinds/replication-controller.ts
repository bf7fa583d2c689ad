/** core/v1 ReplicationController. */
import type { ReplicationController } from '../../../shared/kubernetes/objects.ts';
import { matchesLabelSelector } from '../../../shared/kubernetes/selectors.ts';
import { checkOneOf, checkRange, invalidValue, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';
import { defaultTemplate, formatSelector, templateColumnsOf, validateTemplate } from './pod-template.ts';

export const replicationController: Kind<'ReplicationController'> = {
  id: 'ReplicationController',
  kind: 'ReplicationController',
  group: '',
  version: 'v1',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  type: 'V1ReplicationController',
  subresources: ['status', 'scale'],
  columns: [
    { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas ?? 0 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
    ageColumn,
    ...templateColumnsOf<ReplicationController>(({ spec }) => ({
      spec: { selector: { matchLabels: spec.selector }, template: spec.template },
    })),
  ],
  selectableFields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  initialStatus: () => ({ replicas: 0 }),
  /** Without a selector, and without labels of its own, it takes the template's. */
  defaults(object) {
    const spec = object.spec ?? {};
    const labels = spec.template?.metadata?.labels;
    const isBare = Object.keys(spec.selector ?? {}).length === 0;
    const isUnlabelled = Object.keys(object.metadata.labels ?? {}).length === 0;
    return {
      ...object,
      metadata: { ...object.metadata, ...(isUnlabelled && labels ? { labels } : {}) },
      spec: {
        ...spec,
        replicas: spec.replicas ?? 1,
        ...(isBare && labels ? { selector: labels } : {}),
        ...(spec.template === undefined ? {} : { template: defaultTemplate(spec.template) }),
      },
    };
  },
  validate({ spec }) {
    const selector = spec.selector ?? {};
    const labels = spec.template?.metadata?.labels ?? {};
    const isEmpty = Object.keys(selector).length === 0;
    const path = 'spec.template';
    return [
      ...checkRange('spec.minReadySeconds', spec.minReadySeconds, 0),
      ...(isEmpty ? [requiredValue('spec.selector')] : []),
      ...checkRange('spec.replicas', spec.replicas, 0),
      ...(spec.template === undefined
        ? [requiredValue(path)]
        : [
            ...(isEmpty || matchesLabelSelector({ matchLabels: selector }, labels)
              ? []
              : [
                  invalidValue(
                    `${path}.metadata.labels`,
                    labels,
                    '`selector` does not match template `labels`',
                  ),
                ]),
            ...validateTemplate(spec.template, path),
            ...checkOneOf(`${path}.spec.restartPolicy`, spec.template.spec?.restartPolicy, ['Always']),
          ]),
    ];
  },
  scaling: {
    read: ({ spec, status }) => ({
      wanted: spec.replicas ?? 0,
      observed: status?.replicas ?? 0,
      selector: formatSelector({ matchLabels: spec.selector }),
    }),
    write: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
  },
};
