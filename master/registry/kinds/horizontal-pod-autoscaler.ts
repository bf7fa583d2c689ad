/** autoscaling/v2 HorizontalPodAutoscaler. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const horizontalPodAutoscaler: Kind<'HorizontalPodAutoscaler'> = {
  id: 'HorizontalPodAutoscaler',
  kind: 'HorizontalPodAutoscaler',
  group: 'autoscaling',
  version: 'v2',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  type: 'V2HorizontalPodAutoscaler',
  subresources: ['status'],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
