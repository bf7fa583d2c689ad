/**
 * Questions about access and identity, asked by creating an object that is never stored: who am I, may I, whose token is
 * this. Source: Kubernetes's authentication.k8s.io/v1 and authorization.k8s.io/v1.
 */
import type * as authentication from 'kubernetes-types/authentication/v1';
import type * as authorization from 'kubernetes-types/authorization/v1';
import { ApiError, invalid } from '../../shared/kubernetes/api-error.ts';
import { verifyToken } from '../auth/authenticate.ts';
import type { Authorizer } from '../auth/authorize.ts';
import { type Identity, userInfoOf } from '../auth/identity.ts';
import type { AccessRequest } from '../auth/rbac/rules.ts';
import { ISSUER, type ServiceAccountTokens } from '../auth/service-account/tokens.ts';
import { invalidValue } from '../registry/field-checks.ts';
import { decodeAs, fieldValidationOf, readJson } from './decode-body.ts';
import type { VirtualResource } from './discovery.ts';
import type { Exchange } from './exchange.ts';
import { representationOf } from './represent.ts';
import type { ResourcePath } from './resource-path.ts';

type ReviewDeps = { readonly authorizer: Authorizer; readonly tokens: ServiceAccountTokens };

type Asked<T> = { readonly body: T; readonly identity: Identity; readonly namespace: string | undefined };

/** A question by its declared type. */
export type Review = VirtualResource & {
  readonly type: string;
  /** What stands in the answer's status. Throws ApiError for a question that makes no sense. */
  answer(deps: ReviewDeps, asked: Asked<unknown>): object;
};

function review<T>(
  group: string,
  kind: string,
  answer: (deps: ReviewDeps, asked: Asked<T>) => object,
  namespaced = false,
): Review {
  const singular = kind.toLowerCase();
  return {
    group,
    version: 'v1',
    plural: `${singular}s`,
    singular,
    kind,
    namespaced,
    verbs: ['create'],
    type: `V1${kind}`,
    // biome-ignore lint/suspicious/noExplicitAny: the body was decoded by the type that this review names
    answer: (deps, asked) => answer(deps, asked as Asked<any>),
  };
}

const AUTHENTICATION = 'authentication.k8s.io';
const AUTHORIZATION = 'authorization.k8s.io';

export const REVIEWS: readonly Review[] = [
  review<authentication.TokenReview>(AUTHENTICATION, 'TokenReview', tokenStatus),
  review(AUTHENTICATION, 'SelfSubjectReview', (_deps, { identity }) => ({ userInfo: userInfoOf(identity) })),
  review<authorization.SubjectAccessReview>(AUTHORIZATION, 'SubjectAccessReview', subjectAccess),
  review<authorization.LocalSubjectAccessReview>(
    AUTHORIZATION,
    'LocalSubjectAccessReview',
    localSubjectAccess,
    true,
  ),
  review<authorization.SelfSubjectAccessReview>(
    AUTHORIZATION,
    'SelfSubjectAccessReview',
    (deps, { body, identity }) => access(deps, 'SelfSubjectAccessReview', identity, body.spec ?? {}),
  ),
  review<authorization.SelfSubjectRulesReview>(AUTHORIZATION, 'SelfSubjectRulesReview', selfRules),
];

/** The review that a path names; undefined when it names none. */
export function reviewAt({ group, version, plural }: ResourcePath): Review | undefined {
  return REVIEWS.find(
    candidate => candidate.group === group && candidate.version === version && candidate.plural === plural,
  );
}

/** Answers a review: the question with its status. */
export async function answerReview(
  deps: ReviewDeps,
  exchange: Exchange,
  declared: Review,
  { namespace, name }: ResourcePath,
): Promise<void> {
  if (name !== undefined || declared.namespaced !== (namespace !== undefined))
    throw new ApiError('NotFound', 'the server could not find the requested resource');
  if (exchange.method !== 'POST')
    throw new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
  if (representationOf(exchange) !== 'whole')
    throw new ApiError('NotAcceptable', 'only the following media types are accepted: application/json');
  const { value, warnings } = decodeAs(
    declared,
    (await readJson(exchange)) ?? {},
    fieldValidationOf(exchange),
  );
  exchange.warn(warnings);
  const body: object = Object(value);
  const status = declared.answer(deps, { body, identity: exchange.identity, namespace });
  const { kind, group, version } = declared;
  exchange.sendJson(
    201,
    JSON.stringify({
      kind,
      apiVersion: `${group}/${version}`,
      metadata: { creationTimestamp: null },
      ...body,
      status,
    }),
  );
}

function tokenStatus(deps: ReviewDeps, { body }: Asked<authentication.TokenReview>): object {
  const { token = '', audiences = [] } = body.spec ?? {};
  if (token === '') throw new ApiError('BadRequest', 'token is required for TokenReview in authentication');
  const verified = verifyToken(
    { view: deps.authorizer.view, tokens: deps.tokens },
    token,
    audiences.length === 0 ? [ISSUER] : audiences,
  );
  if (verified === undefined) return { user: {}, error: '[invalid bearer token]' };
  return { authenticated: true, user: userInfoOf(verified.identity), audiences: verified.audiences };
}

function subjectAccess(deps: ReviewDeps, { body }: Asked<authorization.SubjectAccessReview>): object {
  return access(
    deps,
    'SubjectAccessReview',
    subjectOf('SubjectAccessReview', body.spec ?? {}),
    body.spec ?? {},
  );
}

function localSubjectAccess(
  deps: ReviewDeps,
  { body, namespace = '' }: Asked<authorization.LocalSubjectAccessReview>,
): object {
  const spec = body.spec ?? {};
  const own = spec.resourceAttributes?.namespace ?? '';
  if (own !== namespace)
    throw new ApiError('BadRequest', `spec.resourceAttributes.namespace must match namespace: ${namespace}`);
  const kind = 'LocalSubjectAccessReview';
  if (spec.nonResourceAttributes !== undefined)
    throw faulty(
      kind,
      'spec.nonResourceAttributes',
      spec.nonResourceAttributes,
      'disallowed on this kind of request',
    );
  return access(deps, kind, subjectOf(kind, spec), spec);
}

function subjectOf(kind: string, spec: authorization.SubjectAccessReviewSpec): Identity {
  const { user = '', groups = [], uid, extra } = spec;
  if (user === '' && groups.length === 0)
    throw faulty(kind, 'spec.user', user, 'at least one of user or group must be specified');
  return { user, groups, uid, extra };
}

function access(
  { authorizer }: ReviewDeps,
  kind: string,
  identity: Identity,
  spec: authorization.SelfSubjectAccessReviewSpec,
): object {
  const { allowed, reason } = authorizer.decide(identity, requestOf(kind, spec));
  return { allowed, ...(reason === '' ? {} : { reason }) };
}

function requestOf(
  kind: string,
  { resourceAttributes: object, nonResourceAttributes: path }: authorization.SelfSubjectAccessReviewSpec,
): AccessRequest {
  if (object !== undefined && path !== undefined)
    throw faulty(
      kind,
      'spec.nonResourceAttributes',
      path,
      'cannot be specified in combination with resourceAttributes',
    );
  if (path !== undefined) return { verb: path.verb ?? '', path: path.path ?? '' };
  if (object === undefined)
    throw faulty(
      kind,
      'spec.resourceAttributes',
      null,
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  const { verb = '', group = '', resource = '', subresource, name, namespace } = object;
  return { verb, group, resource, subresource, name, namespace: namespace || undefined };
}

function faulty(kind: string, field: string, value: unknown, why: string): ApiError {
  const resource = { group: AUTHORIZATION, plural: `${kind.toLowerCase()}s`, kind };
  return invalid(resource, '', [invalidValue(field, value, why)]);
}

function selfRules(
  { authorizer }: ReviewDeps,
  { body, identity }: Asked<authorization.SelfSubjectRulesReview>,
): object {
  const namespace = body.spec?.namespace ?? '';
  if (namespace === '') throw new ApiError('BadRequest', 'no namespace on request');
  const rules = authorizer.rulesFor(identity, namespace);
  return {
    resourceRules: rules
      .filter(({ resources }) => resources !== undefined && resources.length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        resourceNames,
      })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs }) => nonResourceURLs !== undefined && nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  };
}
