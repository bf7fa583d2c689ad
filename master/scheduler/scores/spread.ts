/** Prefers nodes with fewer pods of the same controller, so that one lost device takes few of them. */
import type { Score } from './score.ts';

export const scoreSpread: Score = ({ claim, load }) => {
  if (claim.controller === undefined) return 100;
  return 100 / (1 + (load.siblings.get(claim.controller) ?? 0));
};
