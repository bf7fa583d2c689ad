/** core/v1 ReplicationController. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';
import { formatSelector } from './pod-template.ts';

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
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
  scaling: {
    read: ({ spec, status }) => ({
      wanted: spec?.replicas ?? 0,
      observed: status?.replicas ?? 0,
      selector: formatSelector({ matchLabels: spec?.selector }),
    }),
    write: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
  },
};
