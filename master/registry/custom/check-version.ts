/** One version of a CustomResourceDefinition, in Kubernetes's words. Pure. Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { CustomResourceVersion, JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { checkOneOf, forbidden, invalidValue, requiredValue } from '../field-checks.ts';
import { checkDns1035 } from './check-names.ts';
import { fieldNames } from './field-path.ts';
import { isKnownFormat } from './formats.ts';
import { MAX_SELECTABLE_FIELDS } from './limits.ts';
import { columnType, pathFault } from './printer-columns.ts';
import { compileRule } from './rule-program.ts';
import { memberSchema, schemasBelow } from './schema-nodes.ts';
import { checkStructural } from './structural.ts';

export function checkVersion(version: CustomResourceVersion, path: string): StatusCause[] {
  const schema = version.schema?.openAPIV3Schema;
  const schemaPath = `${path}.schema.openAPIV3Schema`;
  return [
    ...checkDns1035(`${path}.name`, version.name),
    ...(version.deprecationWarning !== undefined && version.deprecated !== true
      ? [
          invalidValue(
            `${path}.deprecationWarning`,
            version.deprecationWarning,
            'can only be set for deprecated versions',
          ),
        ]
      : []),
    ...(schema === undefined
      ? [requiredValue(schemaPath, 'schemas are required')]
      : checkStructural(schema, schemaPath)),
    ...checkScale(version, `${path}.subresources.scale`),
    ...checkColumns(version, `${path}.additionalPrinterColumns`),
    ...checkSelectableFields(version, `${path}.selectableFields`),
  ];
}

function checkScale({ subresources }: CustomResourceVersion, path: string): StatusCause[] {
  const scale = subresources?.scale;
  if (scale === undefined) return [];
  return [
    ...checkScalePath(`${path}.specReplicasPath`, scale.specReplicasPath, ['spec']),
    ...checkScalePath(`${path}.statusReplicasPath`, scale.statusReplicasPath, ['status']),
    ...checkScalePath(`${path}.labelSelectorPath`, scale.labelSelectorPath, ['spec', 'status']),
  ];
}

function checkScalePath(field: string, path: string | undefined, roots: readonly string[]): StatusCause[] {
  if (path === undefined) return [];
  const names = fieldNames(path);
  const below = roots.map(root => `.${root}`).join(' or ');
  return names !== undefined && names.length > 1 && roots.includes(names[0] ?? '')
    ? []
    : [invalidValue(field, path, `should be a json path under ${below}`)];
}

function checkColumns({ additionalPrinterColumns = [] }: CustomResourceVersion, path: string): StatusCause[] {
  return additionalPrinterColumns.flatMap(({ name, type = '', jsonPath = '' }, index) => {
    const at = `${path}[${index}]`;
    const fault = pathFault(jsonPath);
    return [
      ...(name === '' ? [requiredValue(`${at}.name`)] : []),
      ...(columnType(type) === undefined
        ? [invalidValue(`${at}.type`, type, 'must be one of boolean,date,integer,number,string')]
        : []),
      ...(jsonPath === '' ? [requiredValue(`${at}.jsonPath`)] : []),
      ...(fault === undefined
        ? []
        : [invalidValue(`${at}.jsonPath`, jsonPath, `is an invalid path: ${fault}`)]),
    ];
  });
}

function checkSelectableFields(
  { selectableFields = [], schema }: CustomResourceVersion,
  path: string,
): StatusCause[] {
  if (selectableFields.length > MAX_SELECTABLE_FIELDS)
    return [
      {
        reason: 'FieldValueTooMany',
        message: `Too many: ${selectableFields.length}: must have at most ${MAX_SELECTABLE_FIELDS} items`,
        field: path,
      },
    ];
  return selectableFields.flatMap(({ jsonPath = '' }, index) => {
    const at = `${path}[${index}].jsonPath`;
    const names = fieldNames(jsonPath);
    if (names === undefined) return [invalidValue(at, jsonPath, 'is an invalid path: must be a simple path')];
    if (names[0] === 'metadata') return [invalidValue(at, jsonPath, 'must not point to fields in metadata')];
    let found: JSONSchemaProps | undefined = schema?.openAPIV3Schema;
    for (const name of names) found = found === undefined ? undefined : memberSchema(found, name);
    if (found === undefined)
      return [invalidValue(at, jsonPath, 'is an invalid path: does not refer to a valid field')];
    return checkOneOf(at, found.type ?? '', ['boolean', 'integer', 'string']).map(() =>
      invalidValue(at, jsonPath, 'must point to a field of type string, boolean or integer'),
    );
  });
}

/** What is accepted and yet means less than its writer may think. */
export function versionWarnings({ schema }: CustomResourceVersion, path: string): readonly string[] {
  const root = schema?.openAPIV3Schema;
  if (root === undefined) return [];
  return [...schemasBelow(root, `${path}.schema.openAPIV3Schema`)].flatMap(({ schema: each, path: at }) => [
    ...(each.format !== undefined && !isKnownFormat(each.format)
      ? [`unrecognized format ${JSON.stringify(each.format)}`]
      : []),
    ...(each['x-kubernetes-validations'] ?? []).flatMap(({ rule }, index) => {
      const program = compileRule(rule, 'bool');
      return program.kind === 'unsupported'
        ? [`${at}.x-kubernetes-validations[${index}]: this rule is not enforced: ${program.why}`]
        : [];
    }),
  ]);
}

/** What no one may do to a version that objects may still be stored in. */
export function checkStoredVersions(
  stored: readonly string[],
  versions: readonly CustomResourceVersion[],
): StatusCause[] {
  return stored.flatMap((name, index) =>
    versions.some(version => version.name === name)
      ? []
      : [
          invalidValue(
            `status.storedVersions[${index}]`,
            name,
            `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
          ),
        ],
  );
}

/** Over all versions: names differ, and one is stored. */
export function checkVersions(versions: readonly CustomResourceVersion[]): StatusCause[] {
  const names = versions.map(({ name }) => name);
  const stored = versions.filter(({ storage }) => storage).length;
  return [
    ...(versions.length === 0 ? [requiredValue('spec.versions', 'must have at least one version')] : []),
    ...(new Set(names).size < names.length
      ? [invalidValue('spec.versions', names, 'must contain unique version names')]
      : []),
    ...(stored === 1 || versions.length === 0
      ? []
      : [invalidValue('spec.versions', names, 'must have exactly one version marked as storage version')]),
    ...versions.flatMap((version, index) => checkVersion(version, `spec.versions[${index}]`)),
  ];
}

export function checkConversion(
  conversion: { readonly strategy?: string; readonly webhook?: unknown } | undefined,
): StatusCause[] {
  const strategy = conversion?.strategy ?? 'None';
  if (strategy === 'Webhook')
    return [
      {
        reason: 'FieldValueNotSupported',
        message: 'Unsupported value: "Webhook": conversion webhooks are not served, supported values: "None"',
        field: 'spec.conversion.strategy',
      },
    ];
  return [
    ...checkOneOf('spec.conversion.strategy', strategy, ['None']),
    ...(conversion?.webhook === undefined
      ? []
      : [forbidden('spec.conversion.webhook', 'should not be set when strategy is not set to Webhook')]),
  ];
}
