/** What an apply wants that others own, as Kubernetes says it. Pure. Source: managedfields/internal/conflict.go, for the words. */
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import { type FieldSet, membersOf, pathText } from './field-set.ts';
import type { Owner } from './owners.ts';

export type Conflict = { readonly owner: Owner; readonly fields: FieldSet };

/** A 409 that names every owner and field. */
export function applyConflict(conflicts: readonly Conflict[]): ApiError {
  const all = [...conflicts]
    .map(({ owner, fields }) => ({ who: nameOf(owner), paths: membersOf(fields).map(pathText) }))
    .sort((a, b) => (a.who < b.who ? -1 : 1));
  const causes = all.flatMap(({ who, paths }) =>
    paths.map(field => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })),
  );
  const [only] = causes;
  const said =
    only !== undefined && causes.length === 1
      ? `1 conflict: ${only.message}: ${only.field}`
      : `${causes.length} conflicts: ${all
          .flatMap(({ who, paths }) => [`conflicts with ${who}:`, ...paths.map(path => `- ${path}`)])
          .join('\n')}`;
  return new ApiError('Conflict', `Apply failed with ${said}`, { causes });
}

function nameOf({ manager, subresource, operation, apiVersion }: Owner): string {
  const door = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  const version = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${JSON.stringify(manager)}${door}${version}`;
}
