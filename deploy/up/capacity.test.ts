import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseBytes, parseCpuMilli } from '../../shared/quantity.ts';
import { shareOfMachine } from './capacity.ts';

it('leaves a single device the whole machine', () => {
  expect(shareOfMachine(1, { cpus: 4, memoryBytes: 8e9 })).toBeUndefined();
});

it('divides two cores by three', () => {
  expect(shareOfMachine(3, { cpus: 2, memoryBytes: 3 * 1024 ** 3 })).toEqual({ cpu: '666m', memory: '1Gi' });
});

it('never promises more than the machine has', () => {
  const machines = fc.record({
    cpus: fc.integer({ min: 1, max: 256 }),
    memoryBytes: fc.integer({ min: 1e9, max: 1e12 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 32 }), machines, (nodes, machine) => {
      const share = shareOfMachine(nodes, machine);
      expect((parseCpuMilli(share?.cpu ?? '') ?? 0) * nodes).toBeLessThanOrEqual(machine.cpus * 1000);
      expect((parseBytes(share?.memory ?? '') ?? 0) * nodes).toBeLessThanOrEqual(machine.memoryBytes);
    }),
  );
});
