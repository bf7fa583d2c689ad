/** Who a request of the API comes from: a client certificate of the cluster's authority, or a bearer token. */
import type { ClusterView } from '../watch/cluster-view.ts';
import { verifyApiToken } from './api-token.ts';
import { ANONYMOUS, AUTHENTICATED, type Identity } from './identity.ts';
import { ISSUER, type ServiceAccountTokens, type VerifiedToken } from './service-account/tokens.ts';

/** The subject of a peer certificate as node:tls gives it. */
export type CertificateSubject = {
  readonly CN?: string | readonly string[];
  readonly O?: string | readonly string[];
};

export type Credentials = {
  /** Only when `socket.authorized`: the handshake proved the key and the chain. */
  readonly certificateSubject?: CertificateSubject;
  /** The Authorization header. */
  readonly authorization?: string;
};

export type AuthenticateDeps = { readonly view: ClusterView; readonly tokens: ServiceAccountTokens };

/**
 * The identity that the credentials prove, in the group `system:authenticated`; ANONYMOUS when there are none; undefined
 * for a token that proves nothing, which the API answers with 401. A certificate goes before a token, as in Kubernetes.
 */
export function authenticate(deps: AuthenticateDeps, credentials: Credentials): Identity | undefined {
  const proven = ofCertificate(credentials.certificateSubject);
  if (proven !== undefined) return withAuthenticated(proven);
  const token = /^Bearer +(\S+)$/i.exec(credentials.authorization ?? '')?.[1];
  return token === undefined ? ANONYMOUS : verifyToken(deps, token)?.identity;
}

/** What a bearer token proves to one of the audiences; undefined when nothing. */
export function verifyToken(
  { view, tokens }: AuthenticateDeps,
  token: string,
  audiences: readonly string[] = [ISSUER],
): VerifiedToken | undefined {
  const ofAccount = tokens.verify(view, token, audiences);
  if (ofAccount !== undefined) return { ...ofAccount, identity: withAuthenticated(ofAccount.identity) };
  // API tokens are meant for the API alone.
  const identity = audiences.includes(ISSUER) ? verifyApiToken(view, token) : undefined;
  return identity === undefined ? undefined : { identity: withAuthenticated(identity), audiences: [ISSUER] };
}

function withAuthenticated(identity: Identity): Identity {
  return { ...identity, groups: [...identity.groups, AUTHENTICATED] };
}

function ofCertificate(subject: CertificateSubject | undefined): Identity | undefined {
  // More than one common name says no one name.
  if (typeof subject?.CN !== 'string' || subject.CN === '') return undefined;
  const groups = subject.O === undefined ? [] : typeof subject.O === 'string' ? [subject.O] : subject.O;
  return { user: subject.CN, groups };
}
