import { expect, it } from 'vitest';
import { medianOf } from './figures.ts';

it.each([
  { given: [3], want: 3 },
  { given: [9, 1, 2], want: 2 },
  { given: [4, 1, 3, 2], want: 2.5 },
  { given: [10, 9, 100], want: 10 },
])('the median of $given is $want', ({ given, want }) => expect(medianOf(given)).toBe(want));

it('there is no median of nothing', () => expect(() => medianOf([])).toThrow(RangeError));
