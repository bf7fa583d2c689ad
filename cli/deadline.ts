/** `--timeout`: a signal that also aborts when time is up. */
import type { Clock } from '../shared/clock.ts';
import { deadlineAfter } from '../shared/deadline.ts';
import { parseDurationMs } from './duration.ts';
import { CliError, UsageError } from './errors.ts';

/** Milliseconds of a `--timeout`; undefined for none at all (absent, or 0). Throws UsageError for what is no duration. */
export function timeoutMsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDurationMs(text);
  if (ms === undefined)
    throw new UsageError(`--timeout ${JSON.stringify(text)} is not a duration such as 30s or 5m`);
  return ms === 0 ? undefined : ms;
}

/** Runs `work` with a signal that aborts with CliError(`message`) after `timeoutMs`, or with `signal`. */
export async function withDeadline<T>(
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  timeoutMs: number | undefined,
  message: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return work(signal);
  const deadline = deadlineAfter(timeoutMs, signal, clock, new CliError(message));
  try {
    return await work(deadline.signal);
  } finally {
    deadline.cancel();
  }
}

/** Runs `work` with a signal that also aborts after `timeoutMs`; undefined when that ended it. Throws all other errors. */
export async function withinTime<T>(
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const deadline = deadlineAfter(timeoutMs, signal, clock);
  try {
    return await work(deadline.signal);
  } catch (error) {
    if (deadline.isOver() && !signal.aborted) return undefined;
    throw error;
  } finally {
    deadline.cancel();
  }
}
