/**
 * OpenAPI v3 documents, one per group and version, made from the field tables. kubectl reads them to validate, to explain and to
 * patch: it needs the types, the merge keys, and for each kind a PATCH operation that takes `fieldValidation`.
 */

import { digestOf } from '../../shared/digest.ts';
import { KUBERNETES_VERSION } from '../../shared/version.ts';
import { apiVersionOf, type Kind } from '../registry/kind.ts';
import { elementType, typeSchema } from '../registry/schema.ts';
import { listStrategy } from './patch/merge-keys.ts';

type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

const SCALARS: Readonly<Record<string, object>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  time: { type: 'string', format: 'date-time' },
  microTime: { type: 'string', format: 'date-time' },
  bytes: { type: 'string', format: 'byte' },
  quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  intOrString: { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
  any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
};

/** Documents by their path below /openapi/v3, such as `apis/apps/v1`, as JSON text, made at first use. */
export class OpenApiDocuments {
  private readonly kinds: () => readonly Kind[];
  private made: { readonly from: readonly Kind[]; readonly texts: ReadonlyMap<string, string> } | undefined;

  /** `kinds` answers the same array until a kind comes or goes. */
  constructor(kinds: () => readonly Kind[]) {
    this.kinds = kinds;
  }

  async all(): Promise<ReadonlyMap<string, string>> {
    const from = this.kinds();
    if (this.made?.from !== from) this.made = { from, texts: await makeDocuments(from) };
    return this.made.texts;
  }

  /** The answer of /openapi/v3. The hash in an address changes with the document, so that clients may keep it for ever. */
  async index(): Promise<object> {
    const documents = [...(await this.all())];
    return {
      paths: Object.fromEntries(
        documents.map(([path, text]) => [
          path,
          { serverRelativeURL: `/openapi/v3/${path}?hash=${digestOf(text).toUpperCase()}` },
        ]),
      ),
    };
  }
}

async function makeDocuments(kinds: readonly Kind[]): Promise<ReadonlyMap<string, string>> {
  const { default: descriptions } = await import('../../shared/kubernetes/generated/descriptions.json', {
    with: { type: 'json' },
  });
  const paths = [...new Set(kinds.map(documentPath))];
  return new Map(
    paths.map(path => [
      path,
      JSON.stringify(
        documentOf(
          kinds.filter(kind => documentPath(kind) === path),
          descriptions,
        ),
      ),
    ]),
  );
}

function documentPath(kind: Kind): string {
  return kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
}

function documentOf(kinds: readonly Kind[], descriptions: Descriptions): object {
  const names = new Set<string>();
  for (const kind of kinds) collectTypes(kind.type, names);
  const schemas = [...names].map(name => [definitionName(name), definitionOf(name, kinds, descriptions)]);
  return {
    openapi: '3.0.0',
    info: { title: 'Pikelet', version: KUBERNETES_VERSION },
    paths: Object.fromEntries(kinds.flatMap(operationsOf)),
    components: { schemas: Object.fromEntries(schemas) },
  };
}

function collectTypes(name: string, into: Set<string>): void {
  const type = typeSchema(name);
  if (type === undefined || into.has(name)) return;
  into.add(name);
  for (const expression of Object.values(type.fields))
    collectTypes(expression.replace(/^(\[\]|\{\})+/, ''), into);
}

/** V1PodSpec → io.k8s.api.v1.PodSpec: clients show the last part. */
function definitionName(type: string): string {
  return `io.k8s.api.v1.${type.replace(/^(CoreV1|V1)/, '')}`;
}

function definitionOf(name: string, kinds: readonly Kind[], descriptions: Descriptions): object {
  const type = typeSchema(name);
  const about = descriptions[name] ?? {};
  const kind = kinds.find(candidate => candidate.type === name);
  const properties = Object.entries(type?.fields ?? {}).map(([field, expression]) => [
    field,
    {
      ...(about[field] ? { description: about[field] } : {}),
      ...propertyOf(expression),
      ...strategyOf(name, field),
    },
  ]);
  return {
    ...(about[''] ? { description: about[''] } : {}),
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(type !== undefined && type.required.length > 0 ? { required: type.required } : {}),
    ...(kind === undefined ? {} : { 'x-kubernetes-group-version-kind': [groupVersionKind(kind)] }),
  };
}

function propertyOf(expression: string): object {
  const element = elementType(expression);
  if (element !== undefined)
    return expression.startsWith('[]')
      ? { type: 'array', items: propertyOf(element) }
      : { type: 'object', additionalProperties: propertyOf(element) };
  return typeSchema(expression) === undefined
    ? (SCALARS[expression] ?? {})
    : { allOf: [{ $ref: `#/components/schemas/${definitionName(expression)}` }] };
}

function strategyOf(type: string, field: string): object {
  const strategy = listStrategy(type, field);
  switch (strategy.kind) {
    case 'byKey':
      return {
        'x-kubernetes-patch-strategy': 'merge',
        'x-kubernetes-patch-merge-key': strategy.key,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': [strategy.key],
      };
    case 'set':
      return { 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-list-type': 'set' };
    case 'replace':
      return {};
  }
}

function groupVersionKind({ group, version, kind }: Kind) {
  return { group, version, kind };
}

function operationsOf(kind: Kind): [string, object][] {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const collection = `${root}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`;
  const body = {
    content: {
      'application/json': { schema: { $ref: `#/components/schemas/${definitionName(kind.type)}` } },
    },
  };
  const operation = (action: string, withBody: boolean) => ({
    operationId: `${action}${apiVersionOf(kind).replaceAll(/[^a-zA-Z0-9]/g, '')}${kind.kind}`,
    parameters: withBody ? WRITE_PARAMETERS : [],
    ...(withBody ? { requestBody: body } : {}),
    responses: { 200: { description: 'OK', ...body } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': groupVersionKind(kind),
  });
  return [
    [
      collection,
      {
        get: operation('list', false),
        post: operation('post', true),
        delete: operation('deletecollection', false),
      },
    ],
    [
      `${collection}/{name}`,
      {
        get: operation('get', false),
        put: operation('put', true),
        patch: operation('patch', true),
        delete: operation('delete', false),
      },
    ],
  ];
}

const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'pretty'].map(name => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
}));
