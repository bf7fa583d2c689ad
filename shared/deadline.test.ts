import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { FakeClock } from './clock.ts';
import { deadlineAfter } from './deadline.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Waits for the signal alone, as a watch does: nothing else of the deadline is held. */
function untilAborted({ signal }: { readonly signal: AbortSignal }): Promise<void> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}

describe('deadlineAfter', () => {
  it('is over after its time, also when memory was tidied meanwhile', async () => {
    const aborted = untilAborted(deadlineAfter(50, new AbortController().signal));
    for (let turn = 0; turn < 4; turn++) {
      collectGarbage();
      await new Promise(resolve => setImmediate(resolve));
    }
    await aborted;
  });

  it('aborts with its signal, and is not over then', () => {
    const stopping = new AbortController();
    const deadline = deadlineAfter(1000, stopping.signal, new FakeClock());
    stopping.abort(new Error('stopping'));
    expect([deadline.signal.aborted, deadline.isOver()]).toEqual([true, false]);
    expect(deadline.signal.reason).toEqual(new Error('stopping'));
  });

  it('never comes once cancelled', async () => {
    const clock = new FakeClock();
    const deadline = deadlineAfter(1000, new AbortController().signal, clock);
    deadline.cancel();
    await clock.advance(2000);
    expect(deadline.signal.aborted).toBe(false);
  });
});
