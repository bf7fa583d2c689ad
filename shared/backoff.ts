/** Exponential back-off as arithmetic: no timers, no state. */

export type BackoffPolicy = {
  readonly baseMs: number;
  readonly capMs: number;
  readonly factor: number;
  /** Share of the delay that is random, 0 to 1: 0.2 spreads a delay over ±20 %. */
  readonly jitter: number;
};

/** The wait before try number `attempt` (0 is the first retry); `random` is in [0, 1). Never above `capMs` by more than the jitter. */
export function backoffDelayMs(policy: BackoffPolicy, attempt: number, random: number): number {
  const plain = Math.min(policy.capMs, policy.baseMs * policy.factor ** Math.min(attempt, 64));
  return Math.round(plain * (1 + policy.jitter * (2 * random - 1)));
}
