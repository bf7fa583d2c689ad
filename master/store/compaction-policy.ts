/** Decides what history to forget. Pure: it counts what was written, and knows no clock, so an idle cluster compacts nothing. */

export type CompactionLimits = {
  /** A segment of history ends after so many revisions ... */
  readonly segmentRevisions: number;
  /** ... or so many characters of values, whichever comes first. */
  readonly segmentChars: number;
  /** Full segments that are kept; each further one makes the store forget the oldest. */
  readonly segmentsKept: number;
};

/**
 * At least the last 10,000 revisions, for watchers that were away and lists that page slowly, but at most about 11,000
 * revisions or 44 MiB, so that large objects written often cannot fill a card. Forgetting 1,000 at a time costs one
 * transaction for a thousand writes.
 */
export const COMPACTION_LIMITS: CompactionLimits = {
  segmentRevisions: 1_000,
  segmentChars: 4 * 1024 * 1024,
  segmentsKept: 10,
};

/** What was written since the store was opened, in segments. */
export type HistoryTally = {
  /** The last revision of each full segment, oldest first. */
  readonly ends: readonly number[];
  /** What the unfinished segment holds. */
  readonly openRevisions: number;
  readonly openChars: number;
};

export const EMPTY_TALLY: HistoryTally = { ends: [], openRevisions: 0, openChars: 0 };

/** Events that became durable together. */
export type Written = { readonly revision: number; readonly revisions: number; readonly chars: number };

export type CompactionDecision = {
  readonly tally: HistoryTally;
  /** Forget what is superseded up to here; undefined: nothing to do. */
  readonly compactTo: number | undefined;
};

/** Counts what was written and says what may go now. */
export function afterWrites(
  tally: HistoryTally,
  written: Written,
  limits: CompactionLimits,
): CompactionDecision {
  const openRevisions = tally.openRevisions + written.revisions;
  const openChars = tally.openChars + written.chars;
  if (openRevisions < limits.segmentRevisions && openChars < limits.segmentChars) {
    return { tally: { ends: tally.ends, openRevisions, openChars }, compactTo: undefined };
  }
  const ends = [...tally.ends, written.revision];
  const surplus = Math.max(0, ends.length - limits.segmentsKept);
  return {
    tally: { ends: ends.slice(surplus), openRevisions: 0, openChars: 0 },
    compactTo: ends[surplus - 1],
  };
}

/**
 * What may go when the store is opened at `revision`: history from before is counted by revisions alone. Undefined when
 * all of it is kept.
 */
export function atOpening(revision: number, limits: CompactionLimits): number | undefined {
  const kept = limits.segmentRevisions * limits.segmentsKept;
  return revision > kept ? revision - kept : undefined;
}
