/** Tells of refused connections once in a while instead of at every try. */
import type { Clock } from '../../shared/clock.ts';
import { MAX_REMEMBERED_REFUSALS, REFUSAL_LOG_INTERVAL_MS } from './limits.ts';

export type Refusal = { readonly user: string; readonly reason: string; readonly address: string };

/** Calls `log` for a refusal of its kind that was not told lately; `suppressed` counts those since. */
export function createRefusalLog(
  clock: Clock,
  log: (refusal: Refusal & { readonly suppressed: number }) => void,
): (refusal: Refusal) => void {
  const told = new Map<string, { atMs: number; suppressed: number }>();
  return refusal => {
    const key = `${refusal.user}\n${refusal.reason}\n${refusal.address}`;
    const last = told.get(key);
    const nowMs = clock.monotonicMs();
    if (last !== undefined && nowMs - last.atMs < REFUSAL_LOG_INTERVAL_MS) {
      last.suppressed++;
      return;
    }
    if (told.size >= MAX_REMEMBERED_REFUSALS) told.clear();
    told.set(key, { atMs: nowMs, suppressed: 0 });
    log({ ...refusal, suppressed: last?.suppressed ?? 0 });
  };
}
