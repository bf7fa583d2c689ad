/**
 * Join tokens: Kubernetes's bootstrap tokens, `abcdef.0123456789abcdef`, kept as Secrets of kube-system.
 * Format: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
import { randomInt } from 'node:crypto';
import type { New, Secret } from '../../shared/kubernetes/objects.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { isSameText, SYSTEM_NAMESPACE, secretMembers, secretText } from './secret-text.ts';

export const JOIN_TOKEN_TYPE = 'bootstrap.kubernetes.io/token';
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

export type JoinTokenVerdict =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown' | 'expired' | 'not-for-joining' };

/** Judges a token. An unknown id and a wrong secret are one verdict, so that ids cannot be found out. */
export function verifyJoinToken(view: ClusterView, token: string, nowMs: number): JoinTokenVerdict {
  const [, id, secretPart] = TOKEN.exec(token) ?? [];
  if (id === undefined || secretPart === undefined) return { ok: false, reason: 'malformed' };
  const secret = view.get('Secret', { namespace: SYSTEM_NAMESPACE, name: `bootstrap-token-${id}` });
  const wanted = secret?.type === JOIN_TOKEN_TYPE ? secretText(secret, 'token-secret') : undefined;
  if (secret === undefined || wanted === undefined || !isSameText(wanted, secretPart)) {
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

/** A new random token: 82 bits of secret. */
export function newJoinToken(): string {
  const pick = (length: number) =>
    Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return `${pick(6)}.${pick(16)}`;
}

/** The Secret that makes `token` good; without `expiresAtMs` it never expires. */
export function joinTokenSecret(options: {
  readonly token: string;
  readonly expiresAtMs?: number;
  readonly description: string;
}): New<Secret> {
  const [id = '', secretPart = ''] = options.token.split('.');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: SYSTEM_NAMESPACE, name: `bootstrap-token-${id}` },
    type: JOIN_TOKEN_TYPE,
    data: secretMembers({
      'token-id': id,
      'token-secret': secretPart,
      'usage-bootstrap-authentication': 'true',
      description: options.description,
      ...(options.expiresAtMs === undefined
        ? {}
        : { expiration: new Date(options.expiresAtMs).toISOString().replace(/\.\d+Z$/, 'Z') }),
    }),
  };
}
