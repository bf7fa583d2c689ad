/** Waits for what the cluster will do by itself. */
import { vi } from 'vitest';

/** Far more than anything takes on a busy machine, and less than a test may. */
const WITHIN_MS = 90_000;
const EVERY_MS = 100;

/** The check's answer once it throws no more; its last error when that takes too long. */
export function until<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: WITHIN_MS, interval: EVERY_MS });
}
