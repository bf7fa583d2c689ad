/** Which operations each kind has, and what they take: what the documents of both versions of OpenAPI are made from. */
import type { Kind } from '../../registry/kind.ts';
import type { DecodedType } from '../decode-body.ts';
import type { Review } from '../reviews.ts';
import { groupVersionKind, kindDefinitionName } from './definitions.ts';

export type Operation = {
  readonly method: 'get' | 'put' | 'post' | 'patch' | 'delete';
  /** As Kubernetes calls it, so that generated clients have the same methods: `readCoreV1NamespacedPodLog`. */
  readonly operationId: string;
  /** Kubernetes's verb, for `x-kubernetes-action`. */
  readonly action: string;
  readonly groupVersionKind: { readonly group: string; readonly version: string; readonly kind: string };
  /** The definition of what is sent; undefined when nothing is, or only options. */
  readonly body: string | undefined;
  /** The definition of what is answered; undefined for lists and Statuses. */
  readonly answer: string | typeof TEXT | undefined;
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

export const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'pretty'];
const PATCHES = ['application/json-patch+json', 'application/merge-patch+json'];
const STRATEGIC = 'application/strategic-merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

/** Parameters that are no text. */
const PARAMETER_TYPES: Readonly<Record<string, 'boolean' | 'integer'>> = Object.fromEntries([
  ...['force', 'follow', 'previous', 'timestamps', 'stdin', 'stdout', 'stderr', 'tty'].map(name => [
    name,
    'boolean' as const,
  ]),
  ...['limitBytes', 'sinceSeconds', 'tailLines', 'ports'].map(name => [name, 'integer' as const]),
]);

export function parameterType(name: string): 'string' | 'boolean' | 'integer' {
  return PARAMETER_TYPES[name] ?? 'string';
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
  const operation = (
    method: Operation['method'],
    verb: string,
    {
      action = method,
      sends = false,
      answers = sends,
    }: { action?: string; sends?: boolean; answers?: boolean },
  ): Operation => ({
    method,
    operationId: operationIdOf(kind, verb),
    action,
    groupVersionKind: groupVersionKind(kind),
    body: sends ? definition : undefined,
    answer: answers ? definition : undefined,
    queryParameters: sends ? [...WRITE_PARAMETERS, ...(method === 'patch' ? ['force'] : [])] : [],
    consumes: consumedBy(kind, method),
  });
  const list = operation('get', 'list', { action: 'list' });
  const everywhere = operationIdOf({ ...kind, namespaced: false }, 'list', { suffix: 'ForAllNamespaces' });
  const clear = operation('delete', 'delete', { action: 'deletecollection' });
  return [
    ...(kind.namespaced
      ? [
          {
            path: collectionOf(kind, false),
            pathParameters: [],
            operations: [{ ...list, operationId: everywhere }],
          },
        ]
      : []),
    {
      path: collection,
      pathParameters: scope,
      operations: [
        list,
        operation('post', 'create', { sends: true }),
        ...(kind.hasNoDeleteCollection
          ? []
          : [{ ...clear, operationId: operationIdOf(kind, 'delete', { method: 'Collection' }) }]),
      ],
    },
    {
      path: `${collection}/{name}`,
      pathParameters: [...scope, 'name'],
      operations: [
        operation('get', 'read', { answers: true }),
        operation('put', 'replace', { sends: true }),
        operation('patch', 'patch', { sends: true }),
        operation('delete', 'delete', {}),
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
        queryParameters: WRITE_PARAMETERS,
        consumes: consumedBy(review, 'post'),
      },
    ],
  };
}
