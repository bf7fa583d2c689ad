/** The kinds that a CustomResourceDefinition declares, one for each of its versions. Pure. */

import { isRecord } from '../../../shared/is-record.ts';
import type {
  CustomResourceSubresources,
  CustomResourceVersion,
  JSONSchemaProps,
} from '../../../shared/kubernetes/custom-resources.ts';
import type {
  CustomKindName,
  CustomObject,
  CustomResourceDefinition,
} from '../../../shared/kubernetes/objects.ts';
import { customKindName } from '../../watch/keys.ts';
import type { Kind, Subresource } from '../kind.ts';
import { structuralShape } from '../managed-fields/structural-shape.ts';
import { type Decoded, decode } from '../schema.ts';
import { applyDefaults } from './apply-defaults.ts';
import { fieldNames, valueAt } from './field-path.ts';
import { printerColumns } from './printer-columns.ts';
import { prune } from './prune.ts';
import { brokenRules, hasRules } from './rules.ts';
import { scalingOf } from './scaling.ts';
import { schemasBelow } from './schema-nodes.ts';
import { validateValue } from './validate-value.ts';
import { byPriority } from './version-priority.ts';

export type CustomKinds = {
  /** In the version that objects are stored in. */
  readonly stored: Kind<CustomKindName>;
  /** In order of preference. */
  readonly served: readonly Kind<CustomKindName>[];
};

/** Undefined while the definition is not established, or has no version to store. */
export function customKinds(definition: CustomResourceDefinition): CustomKinds | undefined {
  const { versions } = definition.spec;
  const storage = versions.find(version => version.storage);
  if (!isEstablished(definition) || storage === undefined) return undefined;
  const kinds = [...versions]
    .sort((a, b) => byPriority(a.name, b.name))
    .map(version => ({ version, kind: customKind(definition, version) }));
  const stored = kinds.find(({ version }) => version === storage);
  if (stored === undefined) return undefined;
  return {
    stored: stored.kind,
    served: kinds.filter(({ version }) => version.served).map(({ kind }) => kind),
  };
}

export function isEstablished({ status }: Pick<CustomResourceDefinition, 'status'>): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false;
}

function customKind(
  definition: CustomResourceDefinition,
  version: CustomResourceVersion,
): Kind<CustomKindName> {
  const { group, scope } = definition.spec;
  const names = { ...definition.spec.names, ...definition.status?.acceptedNames };
  const schema = version.schema?.openAPIV3Schema ?? {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
  };
  const check = checkOf(schema);
  const warnings = deprecationOf(definition, version);
  const hasStatus = version.subresources?.status !== undefined;
  const scaling = scalingOf(version.subresources ?? {});
  return {
    id: customKindName(group, names.plural),
    kind: names.kind,
    group,
    version: version.name,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    type: '',
    shape: structuralShape(schema),
    subresources: subresourcesOf(version.subresources),
    metadataWithStatus: [],
    columns: printerColumns(version.additionalPrinterColumns),
    selectableFields: selectableFieldsOf(version),
    ...(scaling === undefined ? {} : { scaling }),
    defaults: object => withDefaults(schema, object),
    ...(hasStatus ? { initialStatus: () => undefined, validateStatus: check } : {}),
    validate: check,
    warnings: () => warnings,
    custom: {
      schema,
      decode: json => decodeCustom(schema, json),
      ...(hasDefaults(schema) ? { asRead: object => filledIn(schema, object) } : {}),
    },
  };
}

function checkOf(schema: JSONSchemaProps): Kind<CustomKindName>['validate'] {
  const isRuled = hasRules(schema);
  return (object, before) => {
    const faults = validateValue(schema, object, { before });
    return faults.length > 0 || !isRuled ? faults : brokenRules(schema, object, before);
  };
}

function hasDefaults(schema: JSONSchemaProps): boolean {
  return [...schemasBelow(schema, '')].some(below => below.schema.default !== undefined);
}

function withDefaults(schema: JSONSchemaProps, object: CustomObject): CustomObject {
  const { apiVersion, kind, metadata } = object;
  return { ...filledIn(schema, object), apiVersion, kind, metadata };
}

function filledIn(schema: JSONSchemaProps, object: object): object {
  const filled = applyDefaults(schema, object);
  return isRecord(filled) ? filled : object;
}

/** Prunes by the schema; metadata is decoded as that of any object. */
function decodeCustom(schema: JSONSchemaProps, json: unknown): Decoded {
  const { value, unknown } = prune(schema, json);
  if (!isRecord(value)) return { value, unknown, mistyped: ['object: cannot read it as an object'] };
  const metadata = decode('V1ObjectMeta', value.metadata);
  return {
    value: { ...value, metadata: metadata.value },
    unknown: [...metadata.unknown.map(path => `metadata.${path}`), ...unknown],
    mistyped: metadata.mistyped.map(fault => `metadata.${fault}`),
  };
}

function subresourcesOf(wanted: CustomResourceSubresources | undefined): readonly Subresource[] {
  return [
    ...(wanted?.status === undefined ? [] : (['status'] as const)),
    ...(wanted?.scale === undefined ? [] : (['scale'] as const)),
  ];
}

function selectableFieldsOf({
  selectableFields = [],
}: CustomResourceVersion): Kind<CustomKindName>['selectableFields'] {
  return Object.fromEntries(
    selectableFields.map(({ jsonPath }) => {
      const names = fieldNames(jsonPath) ?? [];
      const read = (object: CustomObject) => String(valueAt(object, names) ?? '');
      return [jsonPath.slice(1), read];
    }),
  );
}

function deprecationOf(
  { spec }: CustomResourceDefinition,
  version: CustomResourceVersion,
): readonly string[] {
  if (version.deprecated !== true) return [];
  return [version.deprecationWarning ?? `${spec.group}/${version.name} ${spec.names.kind} is deprecated`];
}
