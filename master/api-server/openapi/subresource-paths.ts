/** The operations of subresources, from what discovery says of them. */
import type { Kind } from '../../registry/kind.ts';
import type { DecodedType } from '../decode-body.ts';
import { type SubresourceOf, subresourcesOf } from '../discovery.ts';
import { SENT_TYPES } from '../sent-types.ts';
import { groupVersionKind, kindDefinitionName } from './definitions.ts';
import {
  capital,
  consumedBy,
  type Operation,
  operationIdOf,
  type Path,
  pathsOf,
  TEXT,
  writeParameters,
} from './operations.ts';

/** What calls take in their query. Source: the options of each in Kubernetes's core/v1. */
const CALL_PARAMETERS: Readonly<Record<string, string>> = {
  log: 'container follow limitBytes pretty previous sinceSeconds tailLines timestamps',
  exec: 'command container stderr stdin stdout tty',
  attach: 'container stderr stdin stdout tty',
  portforward: 'ports',
  proxy: 'path',
};

const METHODS: Readonly<Record<string, { readonly method: Operation['method']; readonly word: string }>> = {
  get: { method: 'get', word: 'read' },
  update: { method: 'put', word: 'replace' },
  create: { method: 'post', word: 'create' },
  patch: { method: 'patch', word: 'patch' },
  delete: { method: 'delete', word: 'delete' },
};

/** The types that stand in a kind's subresources, and are no kinds of their own. */
export function typesBelow(kinds: readonly Kind[]): readonly DecodedType[] {
  const below = kinds.flatMap(subresourcesOf);
  return SENT_TYPES.filter(type => below.some(subresource => isSame(subresource, type)));
}

function isSame(a: Pick<DecodedType, 'group' | 'kind'>, b: Pick<DecodedType, 'group' | 'kind'>): boolean {
  return a.group === b.group && a.kind === b.kind;
}

/** Below one object of the kind. */
export function subresourcePaths(kind: Kind): readonly Path[] {
  const object = pathsOf(kind).at(-1);
  if (object === undefined) return [];
  return subresourcesOf(kind).flatMap(subresource => {
    const path = {
      path: `${object.path}/${subresource.name}`,
      pathParameters: object.pathParameters,
      operations: operationsOf(kind, subresource),
    };
    if (subresource.name !== 'proxy') return [path];
    const below = path.operations.map(operation => ({
      ...operation,
      operationId: `${operation.operationId}WithPath`,
    }));
    const pathParameters = [...path.pathParameters, 'path'];
    return [path, { path: `${path.path}/{path}`, pathParameters, operations: below }];
  });
}

function operationsOf(kind: Kind, subresource: SubresourceOf): Operation[] {
  const { name, verbs } = subresource;
  const type = isSame(subresource, kind) ? kind : SENT_TYPES.find(sent => isSame(subresource, sent));
  const isCall = type === undefined;
  const definition = isCall || name === 'log' ? undefined : kindDefinitionName(type);
  return verbs.flatMap(verb => {
    const { method, word } = METHODS[verb] ?? {};
    if (method === undefined || word === undefined) return [];
    const sends = definition !== undefined && method !== 'get';
    const suffix = capital(name);
    const written = sends ? writeParameters(method) : ['pretty'];
    return [
      {
        method,
        operationId: isCall
          ? operationIdOf(kind, 'connect', { method: capital(method), suffix })
          : operationIdOf(kind, word, { suffix }),
        action: isCall ? 'connect' : method,
        groupVersionKind: groupVersionKind(subresource),
        body: sends ? definition : undefined,
        answer: definition ?? TEXT,
        queryParameters: CALL_PARAMETERS[name]?.split(' ') ?? written,
        consumes: isCall ? ['*/*'] : consumedBy(type, method),
      },
    ];
  });
}
