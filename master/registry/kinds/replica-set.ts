/** apps/v1 ReplicaSet. */
import { formatAge } from '../../../shared/kubernetes/time.ts';
import { checkRange } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import {
  defaultTemplate,
  formatSelector,
  templateColumns,
  validateSameSelector,
  validateSelectorAndTemplate,
} from './pod-template.ts';

export const replicaSet: Kind<'ReplicaSet'> = {
  id: 'ReplicaSet',
  kind: 'ReplicaSet',
  group: 'apps',
  version: 'v1',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  type: 'V1ReplicaSet',
  subresources: ['status', 'scale'],
  columns: [
    { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas ?? 0 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
    {
      name: 'Age',
      type: 'string',
      cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
    },
    ...templateColumns,
  ],
  selectableFields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  defaults(object) {
    const { spec } = object;
    const template = spec.template === undefined ? {} : { template: defaultTemplate(spec.template) };
    return { ...object, spec: { ...spec, replicas: spec.replicas ?? 1, ...template } };
  },
  validate: object => [
    ...validateSelectorAndTemplate(object),
    ...checkRange('spec.replicas', object.spec.replicas, 0),
    ...checkRange('spec.minReadySeconds', object.spec.minReadySeconds, 0),
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
