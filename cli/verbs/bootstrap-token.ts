/** Bootstrap tokens as Kubernetes defines them: `[a-z0-9]{6}.[a-z0-9]{16}`, kept in a Secret. Pure. */

export const TOKEN_NAMESPACE = 'kube-system';
export const TOKEN_SECRET_TYPE = 'bootstrap.kubernetes.io/token';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** The greatest multiple of the alphabet's length in a byte: bytes from there on would make some letters likelier. */
const FAIR_BYTES = 252;

/** A new token of the random bytes given; asks for more as long as it needs. */
export function newToken(randomBytes: (size: number) => Uint8Array): string {
  let letters = '';
  while (letters.length < 22)
    for (const byte of randomBytes(32))
      if (byte < FAIR_BYTES && letters.length < 22) letters += ALPHABET[byte % ALPHABET.length];
  return `${letters.slice(0, 6)}.${letters.slice(6)}`;
}

/** The public part of a token, or of what already is one; undefined for anything else. */
export function tokenIdOf(text: string): string | undefined {
  return /^([a-z0-9]{6})(?:\.[a-z0-9]{16})?$/.exec(text)?.[1];
}

/** The Secret that makes the token valid. Without `expiresAtMs` it is valid until it is deleted. */
export function tokenSecret(
  token: string,
  options: { readonly expiresAtMs?: number; readonly description?: string },
): unknown {
  const [id = '', secret = ''] = token.split('.');
  const expiration =
    options.expiresAtMs === undefined
      ? {}
      : { expiration: new Date(options.expiresAtMs).toISOString().replace(/\.\d+Z$/, 'Z') };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${id}`, namespace: TOKEN_NAMESPACE },
    type: TOKEN_SECRET_TYPE,
    stringData: {
      'token-id': id,
      'token-secret': secret,
      'usage-bootstrap-authentication': 'true',
      ...expiration,
      ...(options.description === undefined ? {} : { description: options.description }),
    },
  };
}
