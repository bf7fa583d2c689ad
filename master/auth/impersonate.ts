/** Acting as somebody else: the `Impersonate-*` headers (`kubectl --as`). Source: Kubernetes, "User impersonation". */
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { Authorizer } from './authorize.ts';
import { requireAllowed } from './forbidden.ts';
import {
  ANONYMOUS,
  AUTHENTICATED,
  type Identity,
  serviceAccountGroups,
  serviceAccountOf,
  UNAUTHENTICATED,
} from './identity.ts';

const EXTRA = 'impersonate-extra-';

/**
 * The identity that the request acts as: its own without such headers. `rawHeaders` are names and values in turn, as Node
 * gives them: a group is repeated, and joined values could not be told apart. Throws ApiError Forbidden when one of the
 * headers asks for what its sender may not impersonate, BadRequest for headers without a user.
 */
export function impersonated(
  authorizer: Authorizer,
  identity: Identity,
  rawHeaders: readonly string[],
): Identity {
  const headers = rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 && /^impersonate-/i.test(name) ? [[name.toLowerCase(), rawHeaders[index + 1] ?? '']] : [],
  );
  if (headers.length === 0) return identity;
  const valuesOf = (wanted: string) => headers.filter(([name]) => name === wanted).map(([, value]) => value);
  const user = valuesOf('impersonate-user')[0] ?? '';
  const groups = valuesOf('impersonate-group');
  const uid = valuesOf('impersonate-uid')[0];
  const extra = extraOf(headers);
  if (user === '') throw new ApiError('BadRequest', 'requested impersonation without impersonating a user');
  const may = (request: {
    group: string;
    resource: string;
    name: string;
    subresource?: string;
    namespace?: string;
  }) => requireAllowed(authorizer, identity, { verb: 'impersonate', ...request });
  const account = serviceAccountOf(user);
  if (account === undefined) may({ group: '', resource: 'users', name: user });
  else may({ group: '', resource: 'serviceaccounts', ...account });
  const authentication = 'authentication.k8s.io';
  for (const name of groups) may({ group: '', resource: 'groups', name });
  if (uid !== undefined) may({ group: authentication, resource: 'uids', name: uid });
  for (const [key, values] of Object.entries(extra))
    for (const name of values) may({ group: authentication, resource: 'userextras', subresource: key, name });
  return {
    user,
    groups: impliedGroups(user, groups),
    ...(uid === undefined ? {} : { uid }),
    ...(headers.some(([name]) => name.startsWith(EXTRA)) ? { extra } : {}),
  };
}

function extraOf(headers: readonly (readonly [string, string])[]): Record<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) {
    if (!name.startsWith(EXTRA)) continue;
    const key = decodeKey(name.slice(EXTRA.length));
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  return Object.fromEntries(values);
}

/** Keys are percent-encoded; one that is malformed stands for itself, as in Kubernetes. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch (error) {
    if (error instanceof URIError) return key;
    throw error;
  }
}

/** Groups that every user of the kind is in, besides those that were asked for. */
function impliedGroups(user: string, asked: readonly string[]): readonly string[] {
  const account = serviceAccountOf(user);
  const own = account !== undefined && asked.length === 0 ? serviceAccountGroups(account.namespace) : asked;
  if (own.includes(AUTHENTICATED) || own.includes(UNAUTHENTICATED)) return own;
  return [...own, user === ANONYMOUS.user ? UNAUTHENTICATED : AUTHENTICATED];
}
