/** POST serviceaccounts/NAME/token: issues a token (`kubectl create token`). Source: k8s.io/kubernetes/pkg/registry/core/serviceaccount. */
import type * as authentication from 'kubernetes-types/authentication/v1';
import { ApiError, conflict, invalid, notFound } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, ObjectRef, Pod } from '../../shared/kubernetes/objects.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { ISSUER, type ServiceAccountTokens, type TokenOptions } from '../auth/service-account/tokens.ts';
import { checkOneOf, invalidValue } from '../registry/field-checks.ts';
import { KINDS } from '../registry/kinds.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { decodeAs, fieldValidationOf, isDryRun, readJson } from './decode-body.ts';
import type { Exchange } from './exchange.ts';
import { TOKEN_REQUEST } from './sent-types.ts';

/** As in Kubernetes. */
const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;

type TokenDeps = { readonly view: ClusterView; readonly tokens: ServiceAccountTokens };

export async function createToken(deps: TokenDeps, exchange: Exchange, ref: ObjectRef): Promise<void> {
  const { value, warnings } = decodeAs(
    TOKEN_REQUEST,
    (await readJson(exchange)) ?? {},
    fieldValidationOf(exchange),
  );
  exchange.warn(warnings);
  // biome-ignore lint/suspicious/noExplicitAny: the walker has just proved the shape
  const body: any = value;
  const given: Partial<authentication.TokenRequestSpec> = body.spec ?? {};
  const spec = {
    ...given,
    audiences: given.audiences?.length ? given.audiences : [ISSUER],
    expirationSeconds: given.expirationSeconds ?? DEFAULT_SECONDS,
  };
  refuseFaults(spec);
  const account = deps.view.get('ServiceAccount', ref);
  if (account === undefined) throw notFound(KINDS.ServiceAccount, ref.name);
  const { audiences, expirationSeconds, boundObjectRef } = spec;
  const bound = boundObjectRef === undefined ? {} : boundTo(deps.view, account, boundObjectRef);
  const options = { account, audiences, expirationSeconds, ...bound };
  const issued = isDryRun(exchange) ? undefined : deps.tokens.issue(options);
  const status =
    issued === undefined
      ? { token: '', expirationTimestamp: null }
      : { token: issued.token, expirationTimestamp: formatTime(issued.expiresAtMs) };
  const { name, namespace } = account.metadata;
  exchange.sendJson(
    201,
    JSON.stringify({
      kind: TOKEN_REQUEST.kind,
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name, namespace, creationTimestamp: null },
      spec: { ...spec, boundObjectRef: boundObjectRef ?? null },
      status,
    }),
  );
}

function refuseFaults({
  expirationSeconds,
  boundObjectRef,
}: {
  readonly expirationSeconds: number;
  readonly boundObjectRef?: authentication.BoundObjectReference;
}): void {
  const field = 'spec.expirationSeconds';
  const faults = [
    ...(expirationSeconds < MIN_SECONDS
      ? [invalidValue(field, expirationSeconds, 'may not specify a duration less than 10 minutes')]
      : []),
    ...(expirationSeconds > MAX_SECONDS
      ? [invalidValue(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds')]
      : []),
    ...(boundObjectRef === undefined
      ? []
      : checkOneOf('spec.boundObjectRef.kind', boundObjectRef.kind ?? '', ['Pod', 'Secret', 'Node'])),
  ];
  if (faults.length > 0) throw invalid(TOKEN_REQUEST, '', faults);
}

/** The objects that the token will be good with. Throws ApiError NotFound, Conflict for another uid, BadRequest for a foreign pod. */
function boundTo(
  view: ClusterView,
  account: KindMap['ServiceAccount'],
  { kind, name = '', uid = '' }: authentication.BoundObjectReference,
): Pick<TokenOptions, 'pod' | 'secret' | 'node'> {
  const { namespace } = account.metadata;
  const id = kind === 'Pod' || kind === 'Secret' ? kind : 'Node';
  const ref = id === 'Node' ? { name } : { name, namespace };
  const object = view.get(id, ref);
  if (object === undefined) throw notFound(KINDS[id], name);
  const own = object.metadata.uid;
  if (uid !== '' && uid !== own)
    throw conflict(
      KINDS[id],
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  const named = { name, uid: own };
  const pod = id === 'Pod' ? view.get('Pod', ref) : undefined;
  if (pod !== undefined) return { pod: named, ...nodeOfPod(view, account, pod) };
  return id === 'Secret' ? { secret: named } : { node: named };
}

function nodeOfPod(
  view: ClusterView,
  account: KindMap['ServiceAccount'],
  pod: Pod,
): Pick<TokenOptions, 'node'> {
  if ((pod.spec.serviceAccountName || 'default') !== account.metadata.name)
    throw new ApiError(
      'BadRequest',
      `cannot bind token for serviceaccount ${JSON.stringify(account.metadata.name)} to pod running with different serviceaccount name.`,
    );
  const node = view.get('Node', { name: pod.spec.nodeName ?? '' });
  return node === undefined ? {} : { node: { name: node.metadata.name, uid: node.metadata.uid } };
}
