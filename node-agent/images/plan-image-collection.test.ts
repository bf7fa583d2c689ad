import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ImageUse, nextCollection } from './plan-image-collection.ts';

const THRESHOLDS = { highPercent: 85, lowPercent: 80, minAgeMs: 120_000 };
const NOW = { isUnderWay: false, nowMs: 1_000_000 };
const anImage = (change: Partial<ImageUse> = {}): ImageUse => ({
  id: 'a',
  sizeBytes: 10,
  isUsed: false,
  firstSeenAtMs: Number.NEGATIVE_INFINITY,
  lastUsedAtMs: Number.NEGATIVE_INFINITY,
  ...change,
});
const aDisk = (availableBytes: number) => ({ capacityBytes: 1000, availableBytes });

describe('nextCollection', () => {
  it.each([
    { available: 160, isUnderWay: false, want: 'enough' },
    { available: 151, isUnderWay: false, want: 'remove' },
    { available: 199, isUnderWay: true, want: 'remove' },
    { available: 200, isUnderWay: true, want: 'enough' },
  ])(
    'with $available of 1000 bytes free, under way: $isUnderWay: $want',
    ({ available, isUnderWay, want }) => {
      const next = nextCollection([anImage()], aDisk(available), THRESHOLDS, { ...NOW, isUnderWay });
      expect(next.kind).toBe(want);
    },
  );

  it('never collects at 100 percent, nor a disk of no size', () => {
    const off = { ...THRESHOLDS, highPercent: 100 };
    expect(nextCollection([anImage()], aDisk(0), off, NOW)).toEqual({ kind: 'enough' });
    const none = { capacityBytes: 0, availableBytes: 0 };
    expect(nextCollection([anImage()], none, THRESHOLDS, NOW)).toEqual({ kind: 'enough' });
  });

  it('takes what was not used for longest, then what was first seen', () => {
    const images = [
      anImage({ id: 'new', lastUsedAtMs: 900, firstSeenAtMs: 0 }),
      anImage({ id: 'late', lastUsedAtMs: 5, firstSeenAtMs: 4 }),
      anImage({ id: 'early', lastUsedAtMs: 5, firstSeenAtMs: 3 }),
    ];
    expect(nextCollection(images, aDisk(0), THRESHOLDS, NOW)).toMatchObject({ id: 'early' });
  });

  it('leaves used and young images, and says how much is wanted', () => {
    const images = [anImage({ isUsed: true }), anImage({ firstSeenAtMs: NOW.nowMs - 119_999 })];
    const next = nextCollection(images, aDisk(50), THRESHOLDS, NOW);
    expect(next).toEqual({ kind: 'stuck', wantedBytes: 150 });
  });

  it('ends, takes nothing that is used, and does not mind the order', () => {
    const image = fc.record({
      id: fc.uuid(),
      sizeBytes: fc.nat(400),
      isUsed: fc.boolean(),
      firstSeenAtMs: fc.integer({ min: 0, max: 1_000_000 }),
      lastUsedAtMs: fc.integer({ min: 0, max: 1_000_000 }),
    });
    const images = fc.uniqueArray(image, { selector: ({ id }) => id, maxLength: 12 });
    fc.assert(
      fc.property(images, fc.nat(1000), (given, free) => {
        let left = given;
        let available = free;
        for (let round = 0; round <= given.length; round++) {
          const how = { isUnderWay: round > 0, nowMs: NOW.nowMs };
          const next = nextCollection(left, aDisk(available), THRESHOLDS, how);
          expect(nextCollection([...left].reverse(), aDisk(available), THRESHOLDS, how)).toEqual(next);
          if (next.kind !== 'remove') return;
          const removed = left.find(({ id }) => id === next.id);
          expect(removed?.isUsed).toBe(false);
          left = left.filter(each => each !== removed);
          available += next.sizeBytes;
        }
        expect.unreachable('more rounds than images');
      }),
    );
  });
});
