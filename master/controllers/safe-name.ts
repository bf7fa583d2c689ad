/** Names made of parts: digests in Kubernetes's alphabet for names, and names within the API's bounds. */
import { digestOf } from '../../shared/digest.ts';
import { NAME_ALPHABET } from '../../shared/kubernetes/name-suffix.ts';

const HASH_CHARS = 10;
const LETTERS = BigInt(NAME_ALPHABET.length);
const MAX_NAME_CHARS = 253;

/** Ten characters that stand for the value; equal values have equal ones, whatever the order of their keys. */
export function safeHash(value: unknown): string {
  let number = BigInt(`0x${digestOf(value)}`);
  let text = '';
  for (let i = 0; i < HASH_CHARS; i++) {
    text += NAME_ALPHABET[Number(number % LETTERS)];
    number /= LETTERS;
  }
  return text;
}

/** `prefix` and `suffix` as one name, the prefix cut where the name would be too long. */
export function joinName(prefix: string, suffix: string): string {
  return `${prefix.slice(0, MAX_NAME_CHARS - suffix.length)}${suffix}`;
}
