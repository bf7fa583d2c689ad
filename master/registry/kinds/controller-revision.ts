/** apps/v1 ControllerRevision. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const controllerRevision: Kind<'ControllerRevision'> = {
  id: 'ControllerRevision',
  kind: 'ControllerRevision',
  group: 'apps',
  version: 'v1',
  plural: 'controllerrevisions',
  singular: 'controllerrevision',
  shortNames: [],
  categories: [],
  namespaced: true,
  type: 'V1ControllerRevision',
  subresources: [],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};
