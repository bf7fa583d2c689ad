/** Signals that also abort when time is up. */
import { type Clock, systemClock } from './clock.ts';

export type Deadline = {
  /** Aborts after the time, or with the signal that it was made from. */
  readonly signal: AbortSignal;
  /** True once the time was up. */
  isOver(): boolean;
  /** Gives the timer back: to be called when nothing waits any more. */
  cancel(): void;
};

/**
 * A deadline in `ms` milliseconds, or when `signal` aborts. Nothing else joins a time to a signal: Node.js collects an
 * `AbortSignal.timeout` that only `AbortSignal.any` holds, and then it never fires (nodejs/node issue 57736).
 */
export function deadlineAfter(
  ms: number,
  signal: AbortSignal,
  clock: Pick<Clock, 'after'> = systemClock,
  reason: Error = new DOMException('time is up', 'TimeoutError'),
): Deadline {
  const late = new AbortController();
  const cancel = clock.after(ms, () => late.abort(reason));
  return { signal: AbortSignal.any([signal, late.signal]), isOver: () => late.signal.aborted, cancel };
}
