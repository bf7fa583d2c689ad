import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterWrites, atOpening, type CompactionLimits, EMPTY_TALLY } from './compaction-policy.ts';

const limits: CompactionLimits = { segmentRevisions: 10, segmentChars: 1_000, segmentsKept: 3 };

/** Every compaction that writing `commits` one after the other leads to, with the newest revision at that time. */
function compactions(commits: readonly { revisions: number; chars: number }[]) {
  const found: { compactTo: number; newest: number }[] = [];
  let tally = EMPTY_TALLY;
  let newest = 0;
  for (const commit of commits) {
    newest += commit.revisions;
    const decision = afterWrites(tally, { ...commit, revision: newest }, limits);
    tally = decision.tally;
    if (decision.compactTo !== undefined) found.push({ compactTo: decision.compactTo, newest });
  }
  return found;
}

const times = (count: number, commit: { revisions: number; chars: number }) =>
  Array.from({ length: count }, () => commit);

describe('afterWrites', () => {
  it.each([
    { name: 'nothing while history is short', commits: times(39, { revisions: 1, chars: 1 }), want: [] },
    {
      name: 'the oldest segment once one too many is full',
      commits: times(50, { revisions: 1, chars: 1 }),
      want: [
        { compactTo: 10, newest: 40 },
        { compactTo: 20, newest: 50 },
      ],
    },
    {
      name: 'earlier when values are large',
      commits: times(4, { revisions: 1, chars: 1_000 }),
      want: [{ compactTo: 1, newest: 4 }],
    },
  ])('forgets $name', ({ commits, want }) => {
    expect(compactions(commits)).toEqual(want);
  });

  it('keeps a floor of history and never goes back', () => {
    const commit = fc.record({ revisions: fc.integer({ min: 1, max: 25 }), chars: fc.constant(1) });
    fc.assert(
      fc.property(fc.array(commit, { maxLength: 200 }), commits => {
        let last = 0;
        for (const { compactTo, newest } of compactions(commits)) {
          expect(compactTo).toBeGreaterThan(last);
          expect(newest - compactTo).toBeGreaterThanOrEqual(limits.segmentRevisions * limits.segmentsKept);
          last = compactTo;
        }
      }),
    );
  });
});

describe('atOpening', () => {
  it.each([
    { revision: 0, want: undefined },
    { revision: 30, want: undefined },
    { revision: 31, want: 1 },
  ])('at $revision forgets up to $want', ({ revision, want }) => {
    expect(atOpening(revision, limits)).toBe(want);
  });
});
