import { describe, expect, test } from 'vitest';
import { formatAge, formatDuration } from './time.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('formatDuration', () => {
  test.each([
    [0, '0s'],
    [119 * SECOND, '119s'],
    [2 * MINUTE, '2m'],
    [3 * MINUTE + 20 * SECOND, '3m20s'],
    [10 * MINUTE + 20 * SECOND, '10m'],
    [179 * MINUTE, '179m'],
    [3 * HOUR, '3h'],
    [7 * HOUR + 5 * MINUTE, '7h5m'],
    [47 * HOUR, '47h'],
    [2 * DAY, '2d'],
    [3 * DAY + 4 * HOUR, '3d4h'],
    [8 * DAY + 4 * HOUR, '8d'],
    [729 * DAY, '729d'],
    [730 * DAY, '2y'],
    [800 * DAY, '2y70d'],
    [3000 * DAY, '8y'],
    [-10 * SECOND, '<invalid>'],
  ])('%d ms is %s', (ms, want) => expect(formatDuration(ms / 1000)).toBe(want));

  test('a time that is none has no age', () => {
    expect(formatAge(undefined, 0)).toBe('<unknown>');
    expect(formatAge('soon', 0)).toBe('<unknown>');
    expect(formatAge('2024-01-01T00:00:00Z', Date.UTC(2024, 0, 1, 0, 0, 5))).toBe('5s');
  });
});
