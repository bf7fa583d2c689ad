/** The OpenAPI v2 document of every kind: what clients read that do not know version 3, and kubectl for `kind: List`. */
import { KUBERNETES_VERSION } from '../../../shared/version.ts';
import { type Descriptions, type Dialect, definitionsOf } from './definitions.ts';
import type { JsonSchema } from './json-schema.ts';
import { type Operation, type Path, parameterType, TEXT } from './operations.ts';
import type { Published } from './published.ts';

export type ParameterV2 =
  | { readonly in: 'body'; readonly name: string; readonly required: boolean; readonly schema: JsonSchema }
  | { readonly in: 'path'; readonly name: string; readonly required: true; readonly type: 'string' }
  | { readonly in: 'query'; readonly name: string; readonly type: 'string' | 'boolean' | 'integer' };

export type OperationV2 = {
  readonly operationId: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly parameters: readonly ParameterV2[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;
  readonly [extension: `x-${string}`]: unknown;
};

export type PathItemV2 = { readonly parameters: readonly ParameterV2[] } & {
  readonly [M in Operation['method']]?: OperationV2;
};

export type DocumentV2 = {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItemV2>>;
  readonly definitions: Readonly<Record<string, JsonSchema>>;
};

const refTo = (definition: string): JsonSchema => ({ $ref: `#/definitions/${definition}` });

const schemaOf = (answer: string | JsonSchema): JsonSchema =>
  typeof answer === 'string' ? refTo(answer) : answer;

const V2: Dialect = {
  reference: refTo,
  quantity: { type: 'string' },
  intOrString: { type: 'string', format: 'int-or-string' },
  // Version 2 has no way to say "anything" but to say nothing.
  any: {},
  hasLogic: false,
};

export function documentV2(published: Published, descriptions: Descriptions): DocumentV2 {
  return {
    swagger: '2.0',
    info: { title: 'Pikelet', version: KUBERNETES_VERSION },
    paths: Object.fromEntries(published.paths.map(path => [path.path, pathItem(path)])),
    definitions: definitionsOf(published, descriptions, V2),
  };
}

function pathItem({ operations, pathParameters }: Path): PathItemV2 {
  const of: Partial<Record<Operation['method'], OperationV2>> = Object.fromEntries(
    operations.map(operation => [operation.method, operationOf(operation)]),
  );
  return {
    ...of,
    parameters: pathParameters.map(name => ({ name, in: 'path', required: true, type: 'string' })),
  };
}

function operationOf(operation: Operation): OperationV2 {
  const { body, answer } = operation;
  const query = operation.queryParameters.map(
    name => ({ name, in: 'query', type: parameterType(name) }) as const,
  );
  return {
    operationId: operation.operationId,
    consumes: operation.consumes,
    produces: [answer === TEXT ? 'text/plain' : 'application/json'],
    parameters:
      body === undefined
        ? query
        : [
            { name: 'body', in: 'body', required: operation.method !== 'delete', schema: refTo(body) },
            ...query,
          ],
    responses: { 200: { description: 'OK', schema: schemaOf(answer) } },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.groupVersionKind,
  };
}
