/** Kubernetes's alphabet for generated names: no vowels and no 0, 1, 3, so that no words and no look-alikes arise. */
import { type RandomBelow, randomText } from '../random-text.ts';

export const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Five characters to end a generated name with. */
export function nameSuffix(randomBelow: RandomBelow): string {
  return randomText(NAME_ALPHABET, 5, randomBelow);
}
