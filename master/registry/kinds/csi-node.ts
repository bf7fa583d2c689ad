/** storage.k8s.io/v1 CSINode. */
import { checkRange, checkUnique, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const csiNode: Kind<'CSINode'> = {
  id: 'CSINode',
  kind: 'CSINode',
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'csinodes',
  singular: 'csinode',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1CSINode',
  subresources: [],
  columns: [{ name: 'Drivers', type: 'integer', cell: ({ spec }) => spec.drivers?.length ?? 0 }, ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: ({ spec }) => [
    ...checkUnique(
      index => `spec.drivers[${index}].name`,
      (spec.drivers ?? []).map(({ name }) => name),
    ),
    ...(spec.drivers ?? []).flatMap(({ nodeID, allocatable }, index) => [
      ...(nodeID === '' ? [requiredValue(`spec.drivers[${index}].nodeID`)] : []),
      ...checkRange(`spec.drivers[${index}].allocatable.count`, allocatable?.count, 0),
    ]),
  ],
};
