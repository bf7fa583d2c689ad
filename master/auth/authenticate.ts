/** Who a request of the API comes from: a client certificate of the cluster's authority, or a bearer token. */
import type { ClusterView } from '../watch/cluster-view.ts';
import { verifyApiToken } from './api-token.ts';
import type { Identity } from './authorize.ts';

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

/**
 * The identity that the credentials prove; undefined when they prove none, which the API answers with 401. A certificate
 * goes before a token, as in Kubernetes. Every identity is also of the group `system:authenticated`.
 */
export function authenticate(view: ClusterView, credentials: Credentials): Identity | undefined {
  const identity = ofCertificate(credentials.certificateSubject) ?? ofHeader(view, credentials.authorization);
  if (identity === undefined) return undefined;
  return { user: identity.user, groups: [...identity.groups, 'system:authenticated'] };
}

function ofCertificate(subject: CertificateSubject | undefined): Identity | undefined {
  // More than one common name says no one name.
  if (typeof subject?.CN !== 'string' || subject.CN === '') return undefined;
  const groups = subject.O === undefined ? [] : typeof subject.O === 'string' ? [subject.O] : subject.O;
  return { user: subject.CN, groups };
}

function ofHeader(view: ClusterView, authorization: string | undefined): Identity | undefined {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return token === undefined ? undefined : verifyApiToken(view, token);
}
