/** Join tokens: Kubernetes's bootstrap tokens, judged by the Secrets that hold them. */
import {
  BOOTSTRAP_TOKEN_NAMESPACE,
  BOOTSTRAP_TOKEN_TYPE,
  bootstrapTokenName,
  parseBootstrapToken,
} from '../../shared/kubernetes/bootstrap-token.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { isSameText, secretText } from './secret-text.ts';

export type JoinTokenVerdict =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown' | 'expired' | 'not-for-joining' };

/** Judges a token. An unknown id and a wrong secret are one verdict, so that ids cannot be found out. */
export function verifyJoinToken(view: ClusterView, token: string, nowMs: number): JoinTokenVerdict {
  const parts = parseBootstrapToken(token);
  if (parts === undefined) return { ok: false, reason: 'malformed' };
  const { id } = parts;
  const secret = view.get('Secret', { namespace: BOOTSTRAP_TOKEN_NAMESPACE, name: bootstrapTokenName(id) });
  const wanted = secret?.type === BOOTSTRAP_TOKEN_TYPE ? secretText(secret, 'token-secret') : undefined;
  if (secret === undefined || wanted === undefined || !isSameText(wanted, parts.secret)) {
    return { ok: false, reason: 'unknown' };
  }
  const expiration = secretText(secret, 'expiration');
  // One that cannot be read counts as past, as in Kubernetes.
  if (expiration !== undefined && !(Date.parse(expiration) > nowMs)) return { ok: false, reason: 'expired' };
  if (secretText(secret, 'usage-bootstrap-authentication') !== 'true') {
    return { ok: false, reason: 'not-for-joining' };
  }
  return { ok: true, id };
}
