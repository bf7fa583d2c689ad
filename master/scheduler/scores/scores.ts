/** Every preference with its weight. Spreading outweighs the rest but for what a user asks for: devices do get unplugged. */
import { scoreAvoidedTaints } from './avoided-taints.ts';
import { scoreFreeResources } from './free-resources.ts';
import { scoreImageLocality } from './image-locality.ts';
import { scorePreferredAffinity } from './preferred-affinity.ts';
import type { Score } from './score.ts';
import { scoreSpread } from './spread.ts';

export const SCORES: readonly { readonly score: Score; readonly weight: number }[] = [
  { score: scoreFreeResources, weight: 2 },
  { score: scoreSpread, weight: 3 },
  { score: scorePreferredAffinity, weight: 4 },
  { score: scoreAvoidedTaints, weight: 4 },
  { score: scoreImageLocality, weight: 1 },
];
