/** apiextensions.k8s.io/v1 CustomResourceDefinition. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const customResourceDefinition: Kind<'CustomResourceDefinition'> = {
  id: 'CustomResourceDefinition',
  kind: 'CustomResourceDefinition',
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  type: 'V1CustomResourceDefinition',
  subresources: ['status'],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
