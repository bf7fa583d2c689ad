/** Which operations each kind has, and what they take: what the documents of both versions of OpenAPI are made from. */
import type { Kind } from '../../registry/kind.ts';
import type { DecodedType } from '../decode-body.ts';
import type { Review } from '../reviews.ts';
import { definitionName, groupVersionKind, kindDefinitionName, listDefinitionName } from './definitions.ts';

export type Operation = {
  readonly method: 'get' | 'put' | 'post' | 'patch' | 'delete';
  /** As Kubernetes calls it, so that generated clients have the same methods: `readCoreV1NamespacedPodLog`. */
  readonly operationId: string;
  /** Kubernetes's verb, for `x-kubernetes-action`. */
  readonly action: string;
  readonly groupVersionKind: { readonly group: string; readonly version: string; readonly kind: string };
  /** The definition of what is sent; undefined when nothing is. */
  readonly body: string | undefined;
  /** The definition of what is answered. */
  readonly answer: string | typeof TEXT;
  readonly queryParameters: readonly string[];
  /** Media types of what is sent. */
  readonly consumes: readonly string[];
};

export type Path = {
  readonly path: string;
  readonly pathParameters: readonly string[];
  readonly operations: readonly Operation[];
};

/** An answer that is no object. */
export const TEXT = { type: 'string' } as const;

const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'pretty'];
const LIST_PARAMETERS = [
  ...['allowWatchBookmarks', 'continue', 'fieldSelector', 'labelSelector', 'limit', 'pretty'],
  ...['resourceVersion', 'resourceVersionMatch', 'sendInitialEvents', 'timeoutSeconds', 'watch'],
];
const DELETE_PARAMETERS = ['dryRun', 'gracePeriodSeconds', 'orphanDependents', 'pretty', 'propagationPolicy'];
const PATCHES = ['application/json-patch+json', 'application/merge-patch+json'];
const STRATEGIC = 'application/strategic-merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

const BOOLEANS = [
  ...['allowWatchBookmarks', 'force', 'follow', 'orphanDependents', 'previous', 'sendInitialEvents'],
  ...['stderr', 'stdin', 'stdout', 'timestamps', 'tty', 'watch'],
];
const INTEGERS = [
  'gracePeriodSeconds',
  'limit',
  'limitBytes',
  'ports',
  'sinceSeconds',
  'tailLines',
  'timeoutSeconds',
];

/** The type of a parameter of the query. */
export function parameterType(name: string): 'string' | 'boolean' | 'integer' {
  if (BOOLEANS.includes(name)) return 'boolean';
  return INTEGERS.includes(name) ? 'integer' : 'string';
}

/** What a write takes in its query. */
export function writeParameters(method: Operation['method']): readonly string[] {
  return method === 'patch' ? [...WRITE_PARAMETERS, 'force'] : WRITE_PARAMETERS;
}

type Resource = Pick<Kind, 'group' | 'version' | 'kind' | 'namespaced' | 'plural'>;

/** Where the objects of a resource are, with `{namespace}` for those that lie in one. */
function collectionOf({ group, version, plural, namespaced }: Resource, inNamespace = namespaced): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}${inNamespace ? '/namespaces/{namespace}' : ''}/${plural}`;
}

/** `AppsV1`, `RbacAuthorizationV1`, `CoreV1`. */
function groupAndVersion({ group, version }: Resource): string {
  const words = (group.replace(/\.k8s\.io$/, '') || 'core').split(/[.-]/);
  return [...words, version].map(capital).join('');
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** The name of an operation: `connectCoreV1GetNamespacedPodExec` of verb `connect`, method `Get` and suffix `Exec`. */
export function operationIdOf(
  resource: Resource,
  verb: string,
  { method = '', suffix = '' }: { readonly method?: string; readonly suffix?: string } = {},
): string {
  const scope = resource.namespaced ? 'Namespaced' : '';
  return `${verb}${groupAndVersion(resource)}${method}${scope}${resource.kind}${suffix}`;
}

/** kubectl reads here that a custom kind takes no strategic merge patch. */
export function consumedBy({ custom }: DecodedType, method: Operation['method']): readonly string[] {
  if (method !== 'patch') return ['application/json', 'application/yaml'];
  return [...PATCHES, ...(custom === undefined ? [STRATEGIC] : []), APPLY];
}

/** The collections of a kind, and one object of it. */
export function pathsOf(kind: Kind): readonly Path[] {
  const scope = kind.namespaced ? ['namespace'] : [];
  const collection = collectionOf(kind);
  const definition = kindDefinitionName(kind);
  const operation = (method: Operation['method'], verb: string): Operation => ({
    method,
    operationId: operationIdOf(kind, verb),
    action: method,
    groupVersionKind: groupVersionKind(kind),
    body: method === 'get' ? undefined : definition,
    answer: definition,
    queryParameters: method === 'get' ? ['pretty'] : writeParameters(method),
    consumes: consumedBy(kind, method),
  });
  const list = {
    ...operation('get', 'list'),
    action: 'list',
    answer: listDefinitionName(kind),
    queryParameters: LIST_PARAMETERS,
  };
  const everywhere = operationIdOf({ ...kind, namespaced: false }, 'list', { suffix: 'ForAllNamespaces' });
  const remove = {
    ...operation('delete', 'delete'),
    body: definitionName('V1DeleteOptions'),
    answer: kind.id === 'Pod' ? definition : definitionName('V1Status'),
    queryParameters: DELETE_PARAMETERS,
  };
  const clear = {
    ...remove,
    operationId: operationIdOf(kind, 'delete', { method: 'Collection' }),
    action: 'deletecollection',
    answer: definitionName('V1Status'),
    queryParameters: [...DELETE_PARAMETERS, 'fieldSelector', 'labelSelector'],
  };
  const listEverywhere = {
    path: collectionOf(kind, false),
    pathParameters: [],
    operations: [{ ...list, operationId: everywhere }],
  };
  return [
    ...(kind.namespaced ? [listEverywhere] : []),
    {
      path: collection,
      pathParameters: scope,
      operations: [list, operation('post', 'create'), ...(kind.hasNoDeleteCollection ? [] : [clear])],
    },
    {
      path: `${collection}/{name}`,
      pathParameters: [...scope, 'name'],
      operations: [
        operation('get', 'read'),
        operation('put', 'replace'),
        operation('patch', 'patch'),
        remove,
      ],
    },
  ];
}

/** A review is only ever created. */
export function pathOfReview(review: Review): Path {
  const definition = kindDefinitionName(review);
  return {
    path: collectionOf(review),
    pathParameters: review.namespaced ? ['namespace'] : [],
    operations: [
      {
        method: 'post',
        operationId: operationIdOf(review, 'create'),
        action: 'post',
        groupVersionKind: groupVersionKind(review),
        body: definition,
        answer: definition,
        queryParameters: writeParameters('post'),
        consumes: consumedBy(review, 'post'),
      },
    ],
  };
}
