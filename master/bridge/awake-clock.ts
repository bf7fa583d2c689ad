/**
 * A clock that stands still while this process is: a stalled event loop, a suspended machine. What nodes said meanwhile
 * waits in the sockets unread, and must not count as silence.
 */

export interface AwakeClock {
  /** Milliseconds awake. Called at every tick and before anything is judged by time. */
  readMs(monotonicMs: number): number;
}

/** `tickMs`: the longest time between two reads while all is well. `slackMs`: what a timer may be late without a stall. */
export function createAwakeClock(options: { readonly tickMs: number; readonly slackMs: number }): AwakeClock {
  let lastMs: number | undefined;
  let awakeMs = 0;
  return {
    readMs(monotonicMs) {
      const elapsedMs = monotonicMs - (lastMs ?? monotonicMs);
      lastMs = monotonicMs;
      awakeMs += elapsedMs > options.tickMs + options.slackMs ? options.tickMs : elapsedMs;
      return awakeMs;
    },
  };
}
