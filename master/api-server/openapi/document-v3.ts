/** An OpenAPI v3 document of some kinds: what kubectl reads to validate, to explain and to patch. */
import { KUBERNETES_VERSION } from '../../../shared/version.ts';
import type { Kind } from '../../registry/kind.ts';
import { type Descriptions, type Dialect, definitionsOf } from './definitions.ts';
import { type Operation, type Path, pathsOf } from './operations.ts';

const refTo = (definition: string) => ({ $ref: `#/components/schemas/${definition}` });

const V3: Dialect = {
  reference: definition => ({ allOf: [refTo(definition)] }),
  quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  intOrString: { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
  any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  hasLogic: true,
};

/** Types, merge keys, and for each kind a PATCH operation that takes `fieldValidation`, or kubectl validates by itself. */
export function documentV3(kinds: readonly Kind[], descriptions: Descriptions): object {
  return {
    openapi: '3.0.0',
    info: { title: 'Pikelet', version: KUBERNETES_VERSION },
    paths: Object.fromEntries(kinds.flatMap(pathsOf).map(path => [path.path, pathItem(path)])),
    components: { schemas: definitionsOf(kinds, descriptions, V3) },
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
  const content = (definition: string) => ({ 'application/json': { schema: refTo(definition) } });
  const { body, answer } = operation;
  return {
    operationId: operation.operationId,
    parameters: operation.queryParameters.map(name => ({
      name,
      in: 'query',
      schema: { type: 'string', uniqueItems: true },
    })),
    ...(body === undefined ? {} : { requestBody: { content: content(body) } }),
    responses: { 200: { description: 'OK', ...(answer === undefined ? {} : { content: content(answer) }) } },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.groupVersionKind,
  };
}
