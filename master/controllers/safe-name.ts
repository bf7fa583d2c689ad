/** Kubernetes's alphabet for generated names: no vowels and no 0, 1, 3, so that no words and no look-alikes arise. */
import { digestOf } from '../../shared/digest.ts';

export const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const HASH_CHARS = 10;
const MAX_NAME_CHARS = 253;

/** Ten characters that stand for the value; equal values have equal ones, whatever the order of their keys. */
export function safeHash(value: unknown): string {
  let number = BigInt(`0x${digestOf(value)}`);
  let text = '';
  for (let i = 0; i < HASH_CHARS; i++) {
    text += SAFE_ALPHABET[Number(number % 27n)];
    number /= 27n;
  }
  return text;
}

/** `prefix` and `suffix` as one name, the prefix cut where the name would be too long. */
export function joinName(prefix: string, suffix: string): string {
  return `${prefix.slice(0, MAX_NAME_CHARS - suffix.length)}${suffix}`;
}
