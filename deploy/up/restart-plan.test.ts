import { expect, it } from 'vitest';
import { nextDeath } from './restart-plan.ts';

const policy = { firstMs: 1000, capMs: 8000, soundAfterMs: 60_000 };

it.each([
  { name: 'a first death', before: 0, ranMs: 10, want: { inARow: 1, waitMs: 1000 } },
  { name: 'a second one soon after', before: 1, ranMs: 10, want: { inARow: 2, waitMs: 2000 } },
  { name: 'many', before: 9, ranMs: 10, want: { inARow: 10, waitMs: 8000 } },
  { name: 'one after a sound run', before: 9, ranMs: 60_000, want: { inARow: 1, waitMs: 1000 } },
])('$name', ({ before, ranMs, want }) => {
  expect(nextDeath(policy, before, ranMs)).toEqual(want);
});
