import fc from 'fast-check';
import { expect, it } from 'vitest';
import { allocatableOf, defaultReservedMemory, resourceQuantities } from './allocatable.ts';
import { HARD_THRESHOLDS } from './thresholds.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const NOTHING = { cpuMilli: 0, memoryBytes: 0, storageBytes: 0 };

it.each([
  { memory: 416 * MIB, want: 104 * MIB },
  { memory: GIB, want: 160 * MIB },
  { memory: 8 * GIB, want: 160 * MIB },
])('keeps $want of $memory bytes for the system', ({ memory, want }) => {
  expect(defaultReservedMemory(memory)).toBe(want);
});

it('leaves pods what is neither reserved nor always kept free', () => {
  const capacity = { cpuMilli: 4000, memoryBytes: 4 * GIB, storageBytes: 4 * GIB };
  const reserved = { cpuMilli: 100, memoryBytes: 200 * MIB, storageBytes: GIB };
  expect(allocatableOf(capacity, reserved, HARD_THRESHOLDS)).toEqual({
    cpuMilli: 3900,
    memoryBytes: 4 * GIB - 300 * MIB,
    storageBytes: 3 * GIB - Math.ceil(0.4 * GIB),
  });
});

it('is whole, never below zero and never above the capacity', () => {
  const resources = fc.record({
    cpuMilli: fc.nat(),
    memoryBytes: fc.maxSafeNat(),
    storageBytes: fc.maxSafeNat(),
  });
  fc.assert(
    fc.property(resources, resources, (capacity, reserved) => {
      const left = allocatableOf(capacity, reserved, HARD_THRESHOLDS);
      for (const name of ['cpuMilli', 'memoryBytes', 'storageBytes'] as const) {
        expect(Number.isInteger(left[name])).toBe(true);
        expect(left[name]).toBeGreaterThanOrEqual(0);
        expect(left[name]).toBeLessThanOrEqual(capacity[name]);
      }
    }),
  );
});

it('says nothing of a disk that is not known', () => {
  expect(resourceQuantities({ ...NOTHING, cpuMilli: 500 })).toEqual({ cpu: '500m', memory: '0' });
});
