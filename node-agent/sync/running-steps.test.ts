import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { RunningSteps } from './running-steps.ts';
import type { Step } from './steps.ts';

const stopWithin = (graceSeconds: number): Step => ({
  ...{ kind: 'stop', uid: 'uid-1', container: 'web', id: 'c1' },
  ...{ graceSeconds, reason: 'terminated' },
});
const start: Step = { kind: 'start', uid: 'uid-1', container: 'web', id: 'c1' };

function bed() {
  const clock = new FakeClock();
  const begun: Step[] = [];
  const aborted: Step[] = [];
  const steps = new RunningSteps({
    clock,
    log: pino({ level: 'silent' }),
    execute: (step, signal) => {
      begun.push(step);
      signal.addEventListener('abort', () => aborted.push(step));
      return new Promise(() => {});
    },
  });
  const begin = (...given: Step[]) =>
    steps.begin(given, new Set(), new AbortController().signal, () => undefined);
  return { clock, begun, aborted, begin };
}

describe('the files of a pod', () => {
  it('stay while a container of it is being made', async () => {
    const { begun, begin } = bed();
    const deleteFiles: Step = { kind: 'delete-files', uid: 'uid-1' };
    begin(start);
    begin(deleteFiles);
    expect(begun).toEqual([start]);
    begin({ ...deleteFiles, uid: 'uid-2' });
    expect(begun).toEqual([start, { ...deleteFiles, uid: 'uid-2' }]);
  });
});

describe('a stop under way', () => {
  it('goes on while the time that is left to it runs out', async () => {
    const { clock, begun, aborted, begin } = bed();
    const fromMs = clock.monotonicMs();
    begin(stopWithin(30));
    for (const afterMs of [900, 100, 60, 5000]) {
      await clock.advance(afterMs);
      begin(stopWithin(Math.ceil(30 - (clock.monotonicMs() - fromMs + 50) / 1000)));
    }
    expect([begun.length, aborted]).toEqual([1, []]);
  });

  it('yields to one that ends sooner, once', async () => {
    const { clock, begun, aborted, begin } = bed();
    begin(stopWithin(30));
    await clock.advance(10_000);
    begin(stopWithin(5));
    await clock.advance(1000);
    begin(stopWithin(4));
    expect(begun).toEqual([stopWithin(30), stopWithin(5)]);
    expect(aborted).toEqual([stopWithin(30)]);
  });

  it('takes the place of a start', () => {
    const { begun, aborted, begin } = bed();
    begin(start);
    begin(stopWithin(30));
    expect([begun, aborted]).toEqual([[start, stopWithin(30)], [start]]);
  });
});
