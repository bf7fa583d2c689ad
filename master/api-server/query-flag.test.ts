import { expect, it } from 'vitest';
import { isFlagSet } from './query-flag.ts';

it.each([
  ['watch=true', true],
  ['watch=True', true],
  ['watch=1', true],
  ['watch', true],
  ['watch=', true],
  ['watch=false', false],
  ['watch=False', false],
  ['watch=0', false],
  ['', false],
])('reads ?%s', (query, want) => {
  expect(isFlagSet(new URLSearchParams(query), 'watch')).toBe(want);
});
