/** apps/v1 ControllerRevision: what a DaemonSet or StatefulSet looked like at one time. */

import type { ControllerRevision } from '../../../shared/kubernetes/objects.ts';
import { controllerOf, groupOf, KIND_INFO, kindOfOwner } from '../../../shared/kubernetes/references.ts';
import { checkRange, checkUnchanged, requiredValue } from '../field-checks.ts';
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
  columns: [
    { name: 'Controller', type: 'string', cell: shownController },
    { name: 'Revision', type: 'integer', cell: ({ revision }) => revision },
    ageColumn,
  ],
  selectableFields: {},
  defaults: object => object,
  validate: ({ data, revision }) => [
    ...(data === undefined ? [requiredValue('data', 'data is mandatory')] : []),
    ...checkRange('revision', revision, 0),
  ],
  validateUpdate: (next, current) => checkUnchanged('data', next.data, current.data),
};

/** `daemonset.apps/name`, as kubectl names it. */
function shownController(revision: ControllerRevision): string {
  const owner = controllerOf(revision);
  if (owner === undefined) return '<none>';
  const kind = kindOfOwner(owner);
  const group = groupOf(kind === undefined ? owner.apiVersion : KIND_INFO[kind].apiVersion);
  return `${owner.kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${owner.name}`;
}
