/** apps/v1 StatefulSet. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';
import { formatSelector } from './pod-template.ts';

export const statefulSet: Kind<'StatefulSet'> = {
  id: 'StatefulSet',
  kind: 'StatefulSet',
  group: 'apps',
  version: 'v1',
  plural: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  type: 'V1StatefulSet',
  subresources: ['status', 'scale'],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
  scaling: {
    read: ({ spec, status }) => ({
      wanted: spec.replicas ?? 0,
      observed: status?.replicas ?? 0,
      selector: formatSelector(spec.selector),
    }),
    write: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
  },
};
