/** Which operations each kind has, and what they take: what the documents of both versions of OpenAPI are made from. */
import { apiVersionOf, type Kind } from '../../registry/kind.ts';
import { groupVersionKind, kindDefinitionName } from './definitions.ts';

export type Operation = {
  readonly method: 'get' | 'put' | 'post' | 'patch' | 'delete';
  readonly operationId: string;
  /** Kubernetes's verb, for `x-kubernetes-action`. */
  readonly action: string;
  readonly groupVersionKind: { readonly group: string; readonly version: string; readonly kind: string };
  /** The definition of what is sent; undefined when nothing is, or only options. */
  readonly body: string | undefined;
  /** The definition of what is answered; undefined for lists and Statuses. */
  readonly answer: string | undefined;
  readonly queryParameters: readonly string[];
  /** Media types of what is sent. */
  readonly consumes: readonly string[];
};

export type Path = {
  readonly path: string;
  readonly pathParameters: readonly string[];
  readonly operations: readonly Operation[];
};

const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'force', 'pretty'];

const PATCHES = ['application/json-patch+json', 'application/merge-patch+json'];
const STRATEGIC = 'application/strategic-merge-patch+json';

/** kubectl reads here that a custom kind takes no strategic merge patch. */
function consumedBy(kind: Kind, method: Operation['method']): readonly string[] {
  if (method !== 'patch') return ['application/json', 'application/yaml'];
  return kind.custom === undefined ? [...PATCHES, STRATEGIC] : PATCHES;
}

/** The collection of a kind, and one object of it. */
export function pathsOf(kind: Kind): readonly Path[] {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.namespaced ? ['namespace'] : [];
  const collection = `${root}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`;
  const definition = kindDefinitionName(kind);
  const operation = (method: Operation['method'], action: string, sends: boolean, answers = sends) => ({
    method,
    operationId: `${action}${apiVersionOf(kind).replaceAll(/[^a-zA-Z0-9]/g, '')}${kind.kind}`,
    action,
    groupVersionKind: groupVersionKind(kind),
    body: sends ? definition : undefined,
    answer: answers ? definition : undefined,
    queryParameters: sends ? WRITE_PARAMETERS : [],
    consumes: consumedBy(kind, method),
  });
  return [
    {
      path: collection,
      pathParameters: scope,
      operations: [
        operation('get', 'list', false),
        operation('post', 'post', true),
        operation('delete', 'deletecollection', false),
      ],
    },
    {
      path: `${collection}/{name}`,
      pathParameters: [...scope, 'name'],
      operations: [
        operation('get', 'get', false, true),
        operation('put', 'put', true),
        operation('patch', 'patch', true),
        operation('delete', 'delete', false),
      ],
    },
  ];
}
