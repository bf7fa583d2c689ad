/** node.k8s.io/v1 RuntimeClass. */
import { checkDnsLabel, checkLabels, checkNonNegative, checkUnchanged } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column } from './columns.ts';

export const runtimeClass: Kind<'RuntimeClass'> = {
  id: 'RuntimeClass',
  kind: 'RuntimeClass',
  group: 'node.k8s.io',
  version: 'v1',
  plural: 'runtimeclasses',
  singular: 'runtimeclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1RuntimeClass',
  subresources: [],
  columns: [column('Handler', ({ handler }) => handler), ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: ({ handler, overhead, scheduling }) => [
    ...checkDnsLabel('handler', handler ?? ''),
    ...Object.entries(overhead?.podFixed ?? {}).flatMap(([name, quantity]) =>
      checkNonNegative(`overhead.podFixed[${name}]`, quantity),
    ),
    ...checkLabels('scheduling.nodeSelector', scheduling?.nodeSelector),
  ],
  validateUpdate: (next, current) => checkUnchanged('handler', next.handler, current.handler),
};
