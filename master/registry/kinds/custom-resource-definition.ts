/** apiextensions.k8s.io/v1 CustomResourceDefinition: a kind that is declared at run time. What it declares is made by custom/custom-kinds.ts. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import { CLEANUP_FINALIZER } from '../../../shared/kubernetes/custom-resources.ts';
import type { CustomResourceDefinition } from '../../../shared/kubernetes/objects.ts';
import { checkIdentity, checkNames } from '../custom/check-names.ts';
import {
  checkConversion,
  checkStoredVersions,
  checkVersions,
  versionWarnings,
} from '../custom/check-version.ts';
import { isEstablished } from '../custom/custom-kinds.ts';
import { invalidValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';

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
  metadataWithStatus: [],
  columns: [{ name: 'Created At', type: 'date', cell: ({ metadata }) => metadata.creationTimestamp }],
  selectableFields: {},
  defaults: withDefaults,
  initialStatus: ({ spec }) => ({
    conditions: [],
    acceptedNames: { plural: '', kind: '' },
    storedVersions: (spec.versions ?? []).filter(({ storage }) => storage).map(({ name }) => name),
  }),
  validate: definition => [
    ...checkIdentity(definition),
    ...checkNames(definition.spec.names),
    ...checkVersions(definition.spec.versions ?? []),
    ...checkConversion(definition.spec.conversion),
    ...(definition.spec.preserveUnknownFields === true
      ? [
          invalidValue(
            'spec.preserveUnknownFields',
            true,
            'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
          ),
        ]
      : []),
  ],
  validateUpdate,
  warnings: ({ spec }) =>
    spec.versions.flatMap((version, index) => versionWarnings(version, `spec.versions[${index}]`)),
};

/** Everything may be missing still: defaults come before validation. */
function withDefaults(definition: CustomResourceDefinition): CustomResourceDefinition {
  const { spec, metadata } = definition;
  const finalizers = metadata.finalizers ?? [];
  const isNew = metadata.resourceVersion === '' && !finalizers.includes(CLEANUP_FINALIZER);
  const names = spec?.names;
  return {
    ...definition,
    ...(isNew ? { metadata: { ...metadata, finalizers: [...finalizers, CLEANUP_FINALIZER] } } : {}),
    spec: {
      ...spec,
      ...(names?.kind
        ? {
            names: {
              ...names,
              singular: names.singular || names.kind.toLowerCase(),
              listKind: names.listKind || `${names.kind}List`,
            },
          }
        : {}),
      conversion: spec?.conversion ?? { strategy: 'None' },
    },
  };
}

function validateUpdate(next: CustomResourceDefinition, current: CustomResourceDefinition): StatusCause[] {
  const fixed = (field: string, value: unknown, was: unknown) =>
    value === was ? [] : [invalidValue(field, value, 'field is immutable')];
  return [
    ...fixed('spec.group', next.spec.group, current.spec.group),
    ...fixed('spec.names.plural', next.spec.names.plural, current.spec.names.plural),
    ...(isEstablished(current)
      ? [
          ...fixed('spec.scope', next.spec.scope, current.spec.scope),
          ...fixed('spec.names.kind', next.spec.names.kind, current.spec.names.kind),
        ]
      : []),
    ...checkStoredVersions(current.status?.storedVersions ?? [], next.spec.versions),
  ];
}
