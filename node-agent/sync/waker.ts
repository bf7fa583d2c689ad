/** Wakes a loop: any number of calls before it looks again are one. */
import type { Clock } from '../../shared/clock.ts';

export class Waker {
  private isPending = false;
  private resolve: () => void = () => {};

  /** Makes the current or the next wait end. */
  wake(): void {
    this.isPending = true;
    this.resolve();
  }

  /** Resolves at the next wake (at once if there was one since the last wait), after `ms`, or when aborted. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    if (!this.isPending && !signal.aborted) {
      await new Promise<void>(resolve => {
        const done = () => {
          cancel();
          signal.removeEventListener('abort', done);
          resolve();
        };
        const cancel = clock.after(ms, done);
        signal.addEventListener('abort', done);
        this.resolve = done;
      });
    }
    this.isPending = false;
  }
}
