/** JSON Web Tokens signed with ES256, and no other way. [RFC 7515, RFC 7518 3.4] */
import { sign, verify } from 'node:crypto';
import { isRecord } from '../../../shared/is-record.ts';
import type { SigningKey } from './signing-key.ts';

/** A longer one is none of ours, bytes. */
const TOKEN_MAX_LENGTH = 16 * 1024;
/** The signature as r and s one after the other, as a JWT wants it. */
const ENCODING = 'ieee-p1363';

export function signJwt({ privateKey, keyId }: SigningKey, claims: object): string {
  const signed = `${encode({ alg: 'ES256', kid: keyId })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: ENCODING });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The claims of a token that this key signed; undefined for any other text. Says nothing of their truth today. */
export function verifiedClaims(
  { publicKey, keyId }: SigningKey,
  token: string,
): Record<string, unknown> | undefined {
  const [header, claims, signature, ...more] = token.split('.');
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0)
    return undefined;
  if (token.length > TOKEN_MAX_LENGTH) return undefined;
  const said = decode(header);
  // The header chooses nothing: whatever else it names, this is not our token.
  if (said?.alg !== 'ES256' || said.kid !== keyId) return undefined;
  const isOurs = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    { key: publicKey, dsaEncoding: ENCODING },
    Buffer.from(signature, 'base64url'),
  );
  return isOurs ? decode(claims) : undefined;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
