import { expect, it } from 'vitest';
import { parseThresholds } from './parse-thresholds.ts';
import { boundOf, HARD_THRESHOLDS } from './thresholds.ts';

it('takes quantities and shares, and leaves the rest as it is', () => {
  const parsed = parseThresholds('memory.available<64Mi, imagefs.available<15%,pid.available<0%');
  expect(parsed).toEqual({
    thresholds: {
      ...HARD_THRESHOLDS,
      'memory.available': { amount: 64 * 2 ** 20 },
      'imagefs.available': { share: 0.15 },
      'pid.available': { amount: 0 },
    },
  });
});

it("has the engine's disk follow the agent's own, unless it is named too", () => {
  expect(parseThresholds('nodefs.available<5%,nodefs.inodesFree<1%,imagefs.inodesFree<2%')).toMatchObject({
    thresholds: {
      'nodefs.available': { share: 0.05 },
      'imagefs.available': { share: 0.05 },
      'nodefs.inodesFree': { share: 0.01 },
      'imagefs.inodesFree': { share: 0.02 },
    },
  });
});

it.each([
  { text: 'memory<1Gi', want: 'unsupported eviction signal "memory": must be one of memory.available, ' },
  { text: 'toString<1Gi', want: 'unsupported eviction signal "toString"' },
  { text: 'memory.available>1Gi', want: '"memory.available>1Gi" must be like memory.available<100Mi' },
  { text: 'memory.available<1Gi,', want: '"" must be like' },
  { text: 'memory.available<much', want: 'memory.available: "much" must be a quantity above zero' },
  { text: 'memory.available<0', want: 'memory.available: "0" must be' },
  { text: 'memory.available<-5Mi', want: 'memory.available: "-5Mi" must be' },
  { text: 'nodefs.available<101%', want: 'nodefs.available: "101%" must be' },
  { text: 'pid.available<5%,pid.available<6%', want: 'pid.available is there twice' },
])('refuses $text', ({ text, want }) => {
  const parsed = parseThresholds(text);
  expect('fault' in parsed && parsed.fault).toContain(want);
});

it('takes the lesser of a number and a share', () => {
  expect(boundOf({ amount: 100, share: 0.1 }, 500)).toBe(50);
  expect(boundOf({ amount: 100, share: 0.1 }, 5000)).toBe(100);
  expect(boundOf({ amount: 100 }, 50)).toBe(100);
});
