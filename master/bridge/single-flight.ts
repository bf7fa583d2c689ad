/** Runs one thing at a time, and once more if it was woken meanwhile: the loop of everything level-triggered here. */
import { backoffDelayMs } from '../../shared/backoff.ts';
import { type Clock, pause } from '../../shared/clock.ts';
import { WRITE_BACKOFF } from './limits.ts';

export interface SingleFlight {
  /** Runs soon, after whatever is happening now; many calls make one run. */
  wake(): void;
  /** Resolves when no run is under way or due. */
  idle(): Promise<void>;
}

export type SingleFlightOptions = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly run: () => Promise<void>;
  /** Told of a failed run, once until the next one that succeeds; it is tried again with back-off. */
  readonly onFailure: (error: unknown) => void;
};

export function createSingleFlight(options: SingleFlightOptions): SingleFlight {
  const { clock, signal, run, onFailure } = options;
  let isDue = false;
  let isRunning = false;
  let last = Promise.resolve();

  async function loop(): Promise<void> {
    let failures = 0;
    while (isDue && !signal.aborted) {
      isDue = false;
      try {
        await run();
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        if (failures === 0) onFailure(error);
        isDue = true;
        await pause(clock, backoffDelayMs(WRITE_BACKOFF, failures++, Math.random()), signal);
      }
    }
    // In the same turn as the last look at isDue, or a wake between the two would be lost.
    isRunning = false;
  }

  return {
    wake() {
      isDue = true;
      if (isRunning) return;
      isRunning = true;
      last = Promise.resolve().then(loop);
    },
    async idle() {
      while (isRunning) await last;
    },
  };
}
