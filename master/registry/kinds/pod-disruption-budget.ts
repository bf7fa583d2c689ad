/** policy/v1 PodDisruptionBudget. */
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
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
