/** Random text, out of a source of chance that is an argument. */

/** A whole number from 0 up to but not including `limit`, each as likely; randomInt of node:crypto is one. */
export type RandomBelow = (limit: number) => number;

/** `length` characters of the alphabet. */
export function randomText(alphabet: string, length: number, randomBelow: RandomBelow): string {
  return Array.from({ length }, () => alphabet[randomBelow(alphabet.length)]).join('');
}
