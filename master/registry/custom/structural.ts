/**
 * Whether a schema is structural: every value's shape is known from one place. Pure.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go and pkg/apis/apiextensions/validation.
 */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { checkOneOf, forbidden, invalidValue, requiredValue } from '../field-checks.ts';
import { checkDefault } from './check-default.ts';
import { checkListType } from './check-list-type.ts';
import { MAX_DEPTH, MAX_FAULTS, MAX_SCHEMAS } from './limits.ts';
import { patternFault } from './pattern.ts';
import { compileRule } from './rule-program.ts';
import { additionalSchema, schemasBelow } from './schema-nodes.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** What a schema may not have anywhere. */
const UNSUPPORTED = [
  'id',
  '$schema',
  '$ref',
  'patternProperties',
  'dependencies',
  'additionalItems',
  'definitions',
] as const;

/** Every fault of a version's schema, up to a bound; `path` is that of `openAPIV3Schema`. */
export function checkStructural(schema: JSONSchemaProps, path: string): StatusCause[] {
  const size = sizeOf(schema);
  if (size !== undefined) return [forbidden(path, size)];
  return [
    ...checkRoot(schema, path),
    ...[...schemasBelow(schema, path)].flatMap(below =>
      checkNode(below.schema, below.path, below.path === path),
    ),
    ...checkMetadata(schema, path),
  ].slice(0, MAX_FAULTS);
}

/** Why the schema is too large to be looked at; undefined when it is not. */
function sizeOf(schema: JSONSchemaProps): string | undefined {
  let level: readonly JSONSchemaProps[] = [schema];
  let count = 0;
  for (let depth = 0; level.length > 0; depth++) {
    count += level.length;
    if (count > MAX_SCHEMAS) return `must not have more than ${MAX_SCHEMAS} schemas`;
    if (depth > MAX_DEPTH) return `must not be nested deeper than ${MAX_DEPTH}`;
    level = level.flatMap(each => [...childrenOf(each, '')].map(child => child.schema));
  }
  return undefined;
}

function checkRoot(schema: JSONSchemaProps, path: string): StatusCause[] {
  const { type = '', nullable } = schema;
  return [
    ...(type === '' ? [requiredValue(`${path}.type`, 'must not be empty at the root')] : []),
    ...(type !== '' && type !== 'object'
      ? [invalidValue(`${path}.type`, type, 'must be object at the root')]
      : []),
    ...(nullable === true ? [forbidden(`${path}.nullable`, 'nullable cannot be true at the root')] : []),
  ];
}

/** Metadata is Kubernetes's own; only names may be narrowed. */
function checkMetadata(schema: JSONSchemaProps, path: string): StatusCause[] {
  const metadata = schema.properties?.metadata;
  if (metadata === undefined) return [];
  const { type = '', description: _described, title: _titled, properties = {}, ...more } = metadata;
  const isNarrow = Object.keys(properties).every(name => name === 'name' || name === 'generateName');
  const at = `${path}.properties[metadata]`;
  return [
    ...(type === 'object' || type === '' ? [] : [invalidValue(`${at}.type`, type, 'must be object')]),
    ...(isNarrow && Object.keys(more).length === 0
      ? []
      : [
          forbidden(
            at,
            'must not specify anything other than name and generateName, but metadata is implicitly specified',
          ),
        ]),
  ];
}

function checkNode(schema: JSONSchemaProps, path: string, isRoot: boolean): StatusCause[] {
  return [
    ...checkSupported(schema, path),
    ...(isRoot ? [] : checkTypeGiven(schema, path)),
    ...checkObject(schema, path),
    ...checkExtensions(schema, path),
    ...checkListType(schema, path),
    ...checkRules(schema, path),
    ...checkDefault(schema, path),
    ...logicBelow(schema, path).flatMap(part => checkLogic(part.schema, part.path, schema)),
  ];
}

function checkSupported(schema: JSONSchemaProps, path: string): StatusCause[] {
  const fault = schema.pattern === undefined ? undefined : patternFault(schema.pattern);
  return [
    ...UNSUPPORTED.filter(name => schema[name] !== undefined).map(name =>
      forbidden(`${path}.${name}`, `${name} is not supported`),
    ),
    ...(schema.uniqueItems === true
      ? [
          forbidden(
            `${path}.uniqueItems`,
            'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
          ),
        ]
      : []),
    ...(fault === undefined
      ? []
      : [
          invalidValue(
            `${path}.pattern`,
            schema.pattern,
            `must be a valid regular expression, but isn't: ${fault}`,
          ),
        ]),
    ...(schema.multipleOf !== undefined && schema.multipleOf <= 0
      ? [invalidValue(`${path}.multipleOf`, schema.multipleOf, 'must be greater than 0')]
      : []),
  ];
}

function checkTypeGiven(schema: JSONSchemaProps, path: string): StatusCause[] {
  const { type = '' } = schema;
  const at = `${path}.type`;
  if (schema['x-kubernetes-int-or-string'] === true)
    return type === '' ? [] : [invalidValue(at, type, 'must be empty if x-kubernetes-int-or-string is true')];
  if (type === 'null') return [forbidden(at, 'type cannot be set to null, use nullable as an alternative')];
  if (type !== '') return checkOneOf(at, type, TYPES);
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return [];
  const of = path.endsWith('.items') ? 'array items' : 'object fields';
  return [requiredValue(at, `must not be empty for specified ${of}`)];
}

function checkObject(schema: JSONSchemaProps, path: string): StatusCause[] {
  const { additionalProperties: additional, properties, type } = schema;
  const hasProperties = Object.keys(properties ?? {}).length > 0;
  return [
    ...(additional !== undefined && additional !== false && hasProperties
      ? [
          forbidden(
            `${path}.additionalProperties`,
            'additionalProperties and properties are mutual exclusive',
          ),
        ]
      : []),
    ...(additional === false
      ? [forbidden(`${path}.additionalProperties`, 'additionalProperties cannot be set to false')]
      : []),
    ...(type === 'array' && schema.items === undefined
      ? [requiredValue(`${path}.items`, 'must be specified')]
      : []),
  ];
}

function checkExtensions(schema: JSONSchemaProps, path: string): StatusCause[] {
  const preserve = schema['x-kubernetes-preserve-unknown-fields'];
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const mapType = schema['x-kubernetes-map-type'];
  return [
    ...(preserve === false
      ? [invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined')]
      : []),
    ...(isEmbedded && schema.type !== 'object'
      ? [
          invalidValue(
            `${path}.type`,
            schema.type ?? '',
            'must be object if x-kubernetes-embedded-resource is true',
          ),
        ]
      : []),
    ...(isEmbedded && preserve !== true && Object.keys(schema.properties ?? {}).length === 0
      ? [
          requiredValue(
            `${path}.properties`,
            'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
          ),
        ]
      : []),
    ...checkOneOf(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']),
    ...(mapType !== undefined && schema.type !== 'object'
      ? [
          invalidValue(
            `${path}.type`,
            schema.type ?? '',
            'must be object if x-kubernetes-map-type is specified',
          ),
        ]
      : []),
  ];
}

function checkRules(schema: JSONSchemaProps, path: string): StatusCause[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) => {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const texts = [
      { field: `${at}.rule`, text: rule.rule, result: 'bool' as const },
      { field: `${at}.messageExpression`, text: rule.messageExpression, result: 'string' as const },
    ];
    return [
      ...(rule.rule.trim() === '' ? [requiredValue(`${at}.rule`, 'rule is not specified')] : []),
      ...texts.flatMap(({ field, text = '', result }) => {
        const program = text.trim() === '' ? undefined : compileRule(text, result);
        return program?.kind === 'faulty'
          ? [invalidValue(field, text, `compilation failed: ${program.why}`)]
          : [];
      }),
      ...checkOneOf(`${at}.reason`, rule.reason, [
        'FieldValueInvalid',
        'FieldValueForbidden',
        'FieldValueRequired',
        'FieldValueDuplicate',
      ]),
    ];
  });
}

/** Inside allOf, anyOf, oneOf and not, values are narrowed; what they are is said outside. */
const OUTSIDE_ONLY = [
  'type',
  'default',
  'title',
  'description',
  'nullable',
  'additionalProperties',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
] as const;

/** `outside` is the structural schema at the same place; undefined where there is none. */
function checkLogic(
  schema: JSONSchemaProps,
  path: string,
  outside: JSONSchemaProps | undefined,
): StatusCause[] {
  const isIntOrString = outside?.['x-kubernetes-int-or-string'] === true;
  const additional = outside === undefined ? undefined : additionalSchema(outside);
  return [
    ...checkSupported(schema, path),
    ...(outside === undefined
      ? [
          requiredValue(
            path.replace(/\.(allOf|anyOf|oneOf)\[\d+\]|\.not/, ''),
            `because it is defined in ${path}`,
          ),
        ]
      : []),
    ...OUTSIDE_ONLY.filter(name => schema[name] !== undefined && !(name === 'type' && isIntOrString)).map(
      name => forbidden(`${path}.${name}`, 'must be empty to be structural'),
    ),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, member]) =>
      checkLogic(
        member,
        `${path}.properties[${name}]`,
        outside === undefined ? {} : (outside.properties?.[name] ?? additional),
      ),
    ),
    ...(schema.items === undefined
      ? []
      : checkLogic(schema.items, `${path}.items`, outside === undefined ? {} : outside.items)),
    ...logicBelow(schema, path).flatMap(part => checkLogic(part.schema, part.path, outside)),
  ];
}

type Part = { readonly schema: JSONSchemaProps; readonly path: string };

function logicBelow(schema: JSONSchemaProps, path: string): readonly Part[] {
  const lists = (['allOf', 'anyOf', 'oneOf'] as const).flatMap(name =>
    (schema[name] ?? []).map((part, index) => ({ schema: part, path: `${path}.${name}[${index}]` })),
  );
  return schema.not === undefined ? lists : [...lists, { schema: schema.not, path: `${path}.not` }];
}

function* childrenOf(schema: JSONSchemaProps, path: string): Generator<Part> {
  yield* logicBelow(schema, path);
  for (const member of Object.values(schema.properties ?? {})) yield { schema: member, path };
  const additional = additionalSchema(schema);
  if (additional !== undefined) yield { schema: additional, path };
  if (schema.items !== undefined) yield { schema: schema.items, path };
}
