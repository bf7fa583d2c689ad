import { expect, test } from 'vitest';
import { parseDurationMs } from './duration.ts';

test.each([
  ['20s', 20_000],
  ['1h30m', 5_400_000],
  ['1.5m', 90_000],
  ['500ms', 500],
  ['7d', 7 * 86_400_000],
  ['30', 30_000],
  ['1h 30m', undefined],
  ['soon', undefined],
  ['', undefined],
  ['5x', undefined],
])('parseDurationMs(%j) is %j', (text, want) => expect(parseDurationMs(text)).toBe(want));
