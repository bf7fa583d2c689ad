import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, prefixRange } from './key-range.ts';

const text = fc.string({ unit: 'binary', maxLength: 4 }).filter(value => !/\p{Surrogate}/u.test(value));

describe('prefixRange', () => {
  it.each([
    { prefix: '', until: undefined },
    { prefix: '/pods/', until: '/pods0' },
    { prefix: 'a\u{10FFFF}', until: 'b' },
    { prefix: '\u{10FFFF}', until: undefined },
    { prefix: 'a\uD7FF', until: 'a\uE000' },
  ])('ends $prefix before $until', ({ prefix, until }) => {
    expect(prefixRange(prefix)).toEqual({ from: prefix, until });
  });

  it('holds exactly the keys that start with the prefix', () => {
    const key = fc.oneof(
      text,
      fc.tuple(text, text).map(parts => parts.join('')),
    );
    fc.assert(
      fc.property(text, key, text, (prefix, other, rest) => {
        const { from, until } = prefixRange(prefix);
        for (const candidate of [other, prefix + rest, prefix]) {
          const isInside =
            compareKeys(candidate, from) >= 0 && (until === undefined || compareKeys(candidate, until) < 0);
          expect(isInside).toBe(candidate.startsWith(prefix));
        }
      }),
    );
  });
});
