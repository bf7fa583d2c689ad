/** When a program that died is started again: arithmetic only. */
import { backoffDelayMs } from '../../shared/backoff.ts';

export type RestartPolicy = {
  /** Wait after a first death, milliseconds. */
  readonly firstMs: number;
  /** Longest wait, milliseconds. */
  readonly capMs: number;
  /** Having run this long, milliseconds, counts as sound: the next death is a first one again. */
  readonly soundAfterMs: number;
};

export type Deaths = {
  /** Deaths in a row without a sound run between them. */
  readonly inARow: number;
  readonly waitMs: number;
};

/** What follows a death after `ranMs`, `before` being the deaths in a row up to then. */
export function nextDeath(policy: RestartPolicy, before: number, ranMs: number): Deaths {
  const inARow = ranMs >= policy.soundAfterMs ? 1 : before + 1;
  const backoff = { baseMs: policy.firstMs, capMs: policy.capMs, factor: 2, jitter: 0 };
  return { inARow, waitMs: backoffDelayMs(backoff, inARow - 1, 0) };
}
