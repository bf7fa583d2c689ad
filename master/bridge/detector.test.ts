import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAwakeClock } from './awake-clock.ts';
import {
  afterBeat,
  afterLife,
  type Link,
  MARGIN_MAX_MS,
  NEW_LINK_MARGIN_MS,
  openLink,
  QUIET_MARGIN_MS,
  silentFromMs,
  whoIsSilent,
} from './detector.ts';

const INTERVAL_MS = 1000;

/** Feeds heartbeats with these latenesses, each in order behind the one before; counts false alarms. */
function feed(latenessesMs: readonly number[], start: Link = openLink(0)): { link: Link; alarms: number } {
  let link = start;
  let alarms = 0;
  let lastMs = start.lifeMs;
  latenessesMs.forEach((latenessMs, index) => {
    const atMs = Math.max(lastMs, start.beatMs + (index + 1) * INTERVAL_MS + latenessMs);
    if (atMs >= silentFromMs(link)) alarms++;
    link = afterBeat(link, atMs);
    lastMs = atMs;
  });
  return { link, alarms };
}

const quietLink = () => feed(Array.from({ length: 20 }, () => 5)).link;

describe('detection', () => {
  test('a quiet link that is cut is silent 1.75 s after its last heartbeat', () => {
    const link = quietLink();
    expect(silentFromMs(link) - link.lifeMs).toBe(INTERVAL_MS + QUIET_MARGIN_MS);
  });

  test('a new link is given more', () => {
    const link = openLink(0);
    expect(silentFromMs(link)).toBe(INTERVAL_MS + NEW_LINK_MARGIN_MS);
  });

  test('whatever came before, a cut is noticed within the longest margin', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30_000), { maxLength: 200 }), latenessesMs => {
        const { link } = feed(latenessesMs);
        expect(silentFromMs(link) - link.lifeMs).toBeLessThanOrEqual(INTERVAL_MS + MARGIN_MAX_MS);
      }),
    );
  });

  test('a packet of any kind shows life, and a late heartbeat behind it is no alarm', () => {
    let link = quietLink();
    const startMs = link.beatMs;
    for (let ms = 1000; ms <= 20_000; ms += 700) {
      expect(startMs + ms).toBeLessThan(silentFromMs(link));
      link = afterLife(link, startMs + ms);
    }
  });

  test('life between two heartbeats does not delay the detection of a cut', () => {
    const link = quietLink();
    expect(silentFromMs(afterLife(link, link.beatMs + 900))).toBe(silentFromMs(link));
  });

  test.each([1_750, 2_000, 60_000])(
    'a cut of %i ms teaches nothing: the next one is noticed as fast',
    cutMs => {
      const before = quietLink();
      const after = afterBeat(before, before.beatMs + cutMs);
      expect(silentFromMs(after) - after.lifeMs).toBe(INTERVAL_MS + QUIET_MARGIN_MS);
    },
  );

  test('a bad moment is forgotten after two minutes', () => {
    const { link } = feed([600], quietLink());
    expect(silentFromMs(link) - link.lifeMs).toBe(INTERVAL_MS + 4 * 600 + 700);
    const { link: later } = feed(
      Array.from({ length: 120 }, () => 5),
      link,
    );
    expect(silentFromMs(later) - later.lifeMs).toBe(INTERVAL_MS + QUIET_MARGIN_MS);
  });
});

describe('no false alarm', () => {
  test('on a link whose heartbeats are late by less than the quiet margin, in any order', () => {
    const latenessMs = fc.nat(QUIET_MARGIN_MS - 1);
    fc.assert(
      fc.property(fc.array(latenessMs, { maxLength: 300 }), latenessesMs => {
        expect(feed(latenessesMs).alarms).toBe(0);
      }),
    );
  });

  test('on a link where a heartbeat is lost up to twice more often in a row than any before it', () => {
    const worseBy = fc.array(fc.nat(2), { maxLength: 20 });
    fc.assert(
      fc.property(worseBy, steps => {
        let losses = 0;
        const latenessesMs = steps.flatMap(step => {
          losses = Math.min(losses + step, 5);
          return [200 * (2 ** losses - 1), ...Array.from({ length: 10 }, () => 0)];
        });
        expect(feed(latenessesMs).alarms).toBe(0);
      }),
    );
  });

  test('at most once in ten hours of 30 % loss, after the first minute', () => {
    const alarms = [1, 2, 3, 4, 5].map(seed => {
      const random = mulberry32(seed);
      const warm = feed(lossy(random, { beats: 60, loss: 0.3 })).link;
      return feed(lossy(random, { beats: 7200, loss: 0.3 }), warm).alarms;
    });
    expect(alarms.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(1);
  });
});

/** Lateness of heartbeats over TCP: a tail loss probe after 200 ms, then doubling, and one more try with each new heartbeat. */
function lossy(random: () => number, link: { beats: number; loss: number }): number[] {
  const triesMs = [0, 200, 600, 1400, 3000, 6200, 12_600];
  for (let beat = 1; beat <= 20; beat++) triesMs.push(beat * INTERVAL_MS + 5);
  triesMs.sort((a, b) => a - b);
  return Array.from({ length: link.beats }, () => triesMs.find(() => random() >= link.loss) ?? 25_000);
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe('the awake clock', () => {
  test('runs while it is read in time, and stands still through a stall', () => {
    const clock = createAwakeClock({ tickMs: 100, slackMs: 50 });
    expect([1000, 1100, 1230, 61_230, 61_330].map(ms => clock.readMs(ms))).toEqual([0, 100, 230, 330, 430]);
  });
});

describe('whose silence it is', () => {
  const SILENT_MS = INTERVAL_MS + QUIET_MARGIN_MS;
  /** A quiet link whose last heartbeat came then. */
  const heardAt = (atMs: number): Link => ({ ...quietLink(), beatMs: atMs, lifeMs: atMs });
  const cut = heardAt(0);
  const rows = [
    { name: 'not silent yet', others: [heardAt(-100)], nowMs: SILENT_MS - 1, want: 'nobody' },
    { name: 'another was heard since', others: [heardAt(1100)], nowMs: SILENT_MS, want: 'node' },
    { name: 'another is not due yet', others: [heardAt(900)], nowMs: SILENT_MS, want: 'nobody' },
    { name: 'another is late, not silent', others: [heardAt(500)], nowMs: SILENT_MS + 400, want: 'nobody' },
    { name: 'all are silent', others: [heardAt(500)], nowMs: SILENT_MS + 500, want: 'everyone' },
    {
      name: 'one of the others was heard',
      others: [heardAt(0), heardAt(1001)],
      nowMs: SILENT_MS,
      want: 'node',
    },
    { name: 'there is no other', others: [], nowMs: SILENT_MS, want: 'everyone' },
  ];
  test.each(rows)('$name: $want', ({ others, nowMs, want }) => {
    expect(whoIsSilent(cut, [cut, ...others], nowMs)).toBe(want);
  });

  test('a cut of every link is never called the silence of one', () => {
    const lastBeats = fc.array(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lastBeats, beats => {
        const links = beats.map(heardAt);
        for (let nowMs = 999; nowMs < 5000; nowMs += 50) {
          for (const link of links) expect(whoIsSilent(link, links, nowMs)).not.toBe('node');
        }
        expect(links.map(link => whoIsSilent(link, links, 5000))).toEqual(links.map(() => 'everyone'));
      }),
    );
  });

  test('a cut of one among others that beat is called within a second of the margin', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), phaseMs => {
        const other = heardAt(INTERVAL_MS + phaseMs);
        expect(whoIsSilent(cut, [cut, other], INTERVAL_MS + Math.max(QUIET_MARGIN_MS, phaseMs))).toBe('node');
      }),
    );
  });
});
