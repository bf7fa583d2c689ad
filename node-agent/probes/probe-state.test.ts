import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newProbeState, nextDueMs, nextProbeState, type Outcome, probeTiming } from './probe-state.ts';

const answers = fc.array(fc.constantFrom<Outcome>('success', 'failure'), { maxLength: 40 });
const thresholds = fc.record({
  successThreshold: fc.integer({ min: 1, max: 5 }),
  failureThreshold: fc.integer({ min: 1, max: 5 }),
});

function verdictAfter(
  given: readonly Outcome[],
  probe: { readonly successThreshold?: number; readonly failureThreshold?: number },
  before?: Outcome,
) {
  const timing = probeTiming(probe);
  return given.reduce((state, answer) => nextProbeState(state, answer, timing), newProbeState(before))
    .verdict;
}

describe('verdicts', () => {
  const rows: {
    name: string;
    given: Outcome[];
    probe: object;
    before?: Outcome;
    want: Outcome | undefined;
  }[] = [
    { name: 'one success by default', given: ['success'], probe: {}, want: 'success' },
    { name: 'two failures are none yet', given: ['failure', 'failure'], probe: {}, want: undefined },
    { name: 'three failures', given: ['failure', 'failure', 'failure'], probe: {}, want: 'failure' },
    {
      name: 'a success between starts the count anew',
      given: ['failure', 'failure', 'success', 'failure', 'failure'],
      probe: {},
      want: 'success',
    },
    {
      name: 'back only after as many successes as asked for',
      given: ['failure', 'success'],
      probe: { failureThreshold: 1, successThreshold: 2 },
      want: 'failure',
    },
    {
      name: 'kept from before until a threshold',
      given: ['failure'],
      probe: {},
      before: 'success',
      want: 'success',
    },
  ];
  it.each(rows)('$name', ({ given, probe, before, want }) => {
    expect(verdictAfter(given, probe, before)).toBe(want);
  });

  it('are the answer of the last run that was as long as its threshold', () => {
    fc.assert(
      fc.property(answers, thresholds, (given, probe) => {
        let want: Outcome | undefined;
        for (let end = 1; end <= given.length; end++) {
          const answer = given[end - 1];
          const length = answer === 'success' ? probe.successThreshold : probe.failureThreshold;
          const run = given.slice(Math.max(0, end - length), end);
          if (run.length === length && run.every(each => each === answer)) want = answer;
        }
        expect(verdictAfter(given, probe)).toBe(want);
      }),
    );
  });
});

describe('the beat', () => {
  it('is kept, however late a probe ends', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.integer({ min: 1, max: 500 }),
        fc.nat(100_000),
        (dueMs, periodMs, tookMs) => {
          const next = nextDueMs(dueMs, periodMs, dueMs + tookMs);
          expect((next - dueMs) % periodMs).toBe(0);
          expect(next).toBeGreaterThan(dueMs);
          expect(next).toBeGreaterThanOrEqual(dueMs + tookMs);
          expect(next - dueMs - tookMs).toBeLessThanOrEqual(periodMs);
        },
      ),
    );
  });
});
