/** policy/v1 PodDisruptionBudget. */
import { checkCountOrPercent, checkOneOf, invalidValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const podDisruptionBudget: Kind<'PodDisruptionBudget'> = {
  id: 'PodDisruptionBudget',
  kind: 'PodDisruptionBudget',
  group: 'policy',
  version: 'v1',
  plural: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  categories: [],
  namespaced: true,
  type: 'V1PodDisruptionBudget',
  subresources: ['status'],
  columns: [
    { name: 'Min Available', type: 'string', cell: ({ spec }) => String(spec.minAvailable ?? 'N/A') },
    { name: 'Max Unavailable', type: 'string', cell: ({ spec }) => String(spec.maxUnavailable ?? 'N/A') },
    { name: 'Allowed Disruptions', type: 'integer', cell: ({ status }) => status?.disruptionsAllowed ?? 0 },
    ageColumn,
  ],
  selectableFields: {},
  initialStatus: () => ({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }),
  defaults: object => ({ ...object, spec: object.spec ?? {} }),
  validate: ({ spec }) => [
    ...(spec.minAvailable !== undefined && spec.maxUnavailable !== undefined
      ? [invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set')]
      : []),
    ...checkCountOrPercent('spec.minAvailable', spec.minAvailable, 100),
    ...checkCountOrPercent('spec.maxUnavailable', spec.maxUnavailable, 100),
    ...checkOneOf('spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, [
      'AlwaysAllow',
      'IfHealthyBudget',
    ]),
  ],
};
