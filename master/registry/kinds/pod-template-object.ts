/** core/v1 PodTemplate. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const podTemplate: Kind<'PodTemplate'> = {
  id: 'PodTemplate',
  kind: 'PodTemplate',
  group: '',
  version: 'v1',
  plural: 'podtemplates',
  singular: 'podtemplate',
  shortNames: [],
  categories: [],
  namespaced: true,
  type: 'V1PodTemplate',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
