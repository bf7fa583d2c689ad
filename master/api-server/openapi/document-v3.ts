/** An OpenAPI v3 document of some kinds: what kubectl reads to validate, to explain and to patch. */
import { KUBERNETES_VERSION } from '../../../shared/version.ts';
import { type Descriptions, type Dialect, definitionsOf } from './definitions.ts';
import { type Operation, type Path, parameterType, type TEXT } from './operations.ts';
import type { Published } from './published.ts';

const refTo = (definition: string) => ({ $ref: `#/components/schemas/${definition}` });

const V3: Dialect = {
  reference: definition => ({ allOf: [refTo(definition)] }),
  quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  intOrString: { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
  any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  hasLogic: true,
};

/** Types, merge keys, and for each kind a PATCH operation that takes `fieldValidation`, or kubectl validates by itself. */
export function documentV3(published: Published, descriptions: Descriptions): object {
  return {
    openapi: '3.0.0',
    info: { title: 'Pikelet', version: KUBERNETES_VERSION },
    paths: Object.fromEntries(published.paths.map(path => [path.path, pathItem(path)])),
    components: { schemas: definitionsOf(published, descriptions, V3) },
  };
}

function pathItem({ operations, pathParameters }: Path): object {
  return {
    ...Object.fromEntries(operations.map(operation => [operation.method, operationOf(operation)])),
    parameters: pathParameters.map(name => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string', uniqueItems: true },
    })),
  };
}

function operationOf(operation: Operation): object {
  const content = (definition: string | typeof TEXT) =>
    typeof definition === 'string'
      ? { 'application/json': { schema: refTo(definition) } }
      : { 'text/plain': { schema: definition } };
  const { body, answer } = operation;
  return {
    operationId: operation.operationId,
    parameters: operation.queryParameters.map(name => ({
      name,
      in: 'query',
      schema: { type: parameterType(name), uniqueItems: true },
    })),
    ...(body === undefined ? {} : { requestBody: { content: content(body) } }),
    responses: { 200: { description: 'OK', content: content(answer) } },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.groupVersionKind,
  };
}
