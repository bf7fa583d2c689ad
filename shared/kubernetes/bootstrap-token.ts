/**
 * Bootstrap tokens, with which devices join: `abcdef.0123456789abcdef`, kept as Secrets of kube-system.
 * Format: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
import { type RandomBelow, randomText } from '../random-text.ts';
import type { New, Secret } from './objects.ts';
import { formatTime } from './time.ts';

export const BOOTSTRAP_TOKEN_NAMESPACE = 'kube-system';
export const BOOTSTRAP_TOKEN_TYPE = 'bootstrap.kubernetes.io/token';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const FORM = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

/** A new token: 82 bits of secret. */
export function newBootstrapToken(randomBelow: RandomBelow): string {
  return `${randomText(ALPHABET, 6, randomBelow)}.${randomText(ALPHABET, 16, randomBelow)}`;
}

/** The public and the secret part; undefined for what is no token. */
export function parseBootstrapToken(
  token: string,
): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = FORM.exec(token) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** The name of the Secret that holds the token with this id. */
export function bootstrapTokenName(id: string): string {
  return `bootstrap-token-${id}`;
}

/** The Secret that makes `token` good; without `expiresAtMs` (milliseconds since 1970) it is good until it is deleted. */
export function bootstrapTokenSecret(options: {
  readonly token: string;
  readonly expiresAtMs?: number;
  readonly description?: string;
}): New<Secret> {
  const { token, expiresAtMs, description } = options;
  const [id = '', secret = ''] = token.split('.');
  const members = {
    'token-id': id,
    'token-secret': secret,
    'usage-bootstrap-authentication': 'true',
    ...(description === undefined ? {} : { description }),
    ...(expiresAtMs === undefined ? {} : { expiration: formatTime(expiresAtMs) }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: BOOTSTRAP_TOKEN_NAMESPACE, name: bootstrapTokenName(id) },
    type: BOOTSTRAP_TOKEN_TYPE,
    data: Object.fromEntries(
      Object.entries(members).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    ),
  };
}
