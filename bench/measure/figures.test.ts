import { expect, it } from 'vitest';
import { medianOf, percentileOf } from './figures.ts';

it.each([
  { given: [3], want: 3 },
  { given: [9, 1, 2], want: 2 },
  { given: [4, 1, 3, 2], want: 2.5 },
  { given: [10, 9, 100], want: 10 },
])('the median of $given is $want', ({ given, want }) => expect(medianOf(given)).toBe(want));

it('there is no median of nothing', () => expect(() => medianOf([])).toThrow(RangeError));

it.each([
  { given: [3], percent: 99, want: 3 },
  { given: [4, 1, 3, 2], percent: 50, want: 2 },
  { given: Array.from({ length: 200 }, (_, i) => 200 - i), percent: 99, want: 198 },
])('$percent % of $given do not exceed $want', ({ given, percent, want }) =>
  expect(percentileOf(given, percent)).toBe(want),
);

it('there is no percentile of nothing', () => expect(() => percentileOf([], 50)).toThrow(RangeError));
