/** Prefers nodes with much to give: by what their pods request, and as much by what they really use. */
import type { Score } from './score.ts';

/** Weight of real use against requests, 0 to 1. Requests alone would trust numbers that few people measure. */
const USE_SHARE = 0.5;

export const scoreFreeResources: Score = ({ claim, load, usage }) => {
  const cpu = freeShare({
    total: load.allocatable.cpu ?? 0,
    requested: load.weight.cpuMilli + claim.weight.cpuMilli,
    used: usage === undefined ? undefined : usage.cpuMilli + claim.weight.cpuMilli,
  });
  const memory = freeShare({
    total: load.allocatable.memory ?? 0,
    requested: load.weight.memoryBytes + claim.weight.memoryBytes,
    used: usage === undefined ? undefined : usage.memoryBytes + claim.weight.memoryBytes,
  });
  return 50 * (cpu + memory);
};

type Amount = { readonly total: number; readonly requested: number; readonly used: number | undefined };

function freeShare({ total, requested, used }: Amount): number {
  if (total <= 0) return 0;
  const byRequest = Math.max(0, 1 - requested / total);
  if (used === undefined) return byRequest;
  return (1 - USE_SHARE) * byRequest + USE_SHARE * Math.max(0, 1 - used / total);
}
