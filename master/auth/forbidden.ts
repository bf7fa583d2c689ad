/** The one question before each request, and how a refusal is said. Source: k8s.io/apiserver's responsewriters. */
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { Authorizer } from './authorize.ts';
import { ANONYMOUS, type Identity } from './identity.ts';
import type { AccessRequest } from './rbac/rules.ts';

/** Throws ApiError Forbidden when the identity may not, Unauthorized when who asks has shown no credential. */
export function requireAccess(authorizer: Authorizer, identity: Identity, request: AccessRequest): void {
  if (identity === ANONYMOUS && !authorizer.isAllowed(identity, request))
    throw new ApiError('Unauthorized', 'Unauthorized');
  requireAllowed(authorizer, identity, request);
}

/** Throws ApiError Forbidden when the identity may not. */
export function requireAllowed(authorizer: Authorizer, identity: Identity, request: AccessRequest): void {
  const { allowed, reason } = authorizer.decide(identity, request);
  if (allowed) return;
  const why = reason === '' ? '' : `: ${reason}`;
  const said = `User ${JSON.stringify(identity.user)} ${what(request)}${why}`;
  if ('path' in request) throw new ApiError('Forbidden', `forbidden: ${said}`);
  const { group, resource, name = '' } = request;
  const full = group === '' ? resource : `${resource}.${group}`;
  throw new ApiError(
    'Forbidden',
    `${full}${name === '' ? '' : ` ${JSON.stringify(name)}`} is forbidden: ${said}`,
    { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  );
}

function what(request: AccessRequest): string {
  if ('path' in request) return `cannot ${request.verb} path ${JSON.stringify(request.path)}`;
  const { verb, group, resource, subresource, namespace } = request;
  const full = subresource ? `${resource}/${subresource}` : resource;
  const where =
    namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `cannot ${verb} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)} ${where}`;
}
