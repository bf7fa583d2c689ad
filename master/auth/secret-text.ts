/** Secrets that prove something: hashing, comparing and reading them out of Secret objects. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../shared/kubernetes/objects.ts';

/** Namespace of every Secret that Pikelet itself works with. */
export const SYSTEM_NAMESPACE = 'kube-system';

/** SHA-256 in hex. Enough for secrets of 128 and more random bits, which no one can try through; not for chosen passwords. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Compares in a time that does not tell where the texts differ. */
export function isSameText(a: string, b: string): boolean {
  // Hashes are of equal length, which timingSafeEqual needs, and hide the lengths of the texts.
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** One member of a Secret, decoded; undefined when it is not there. */
export function secretText(secret: Secret, key: string): string | undefined {
  const value = secret.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}

/** Members of a Secret, encoded as the API wants them. */
export function secretMembers(members: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(members).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
}
