import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../../test/support/builders.ts';
import { boundsOf, nextCurrentSize, nextOldSizes, proportionalSizes } from './sizes.ts';

describe('bounds of a rollout', () => {
  it.each([
    [10, undefined, undefined, 3, 2],
    [4, undefined, undefined, 1, 1],
    [1, undefined, undefined, 1, 0],
    [3, 0, 0, 0, 1],
    [3, 2, '50%', 2, 1],
    [0, '25%', '25%', 0, 1],
    [2, 0, 5, 0, 2],
  ])('%i pods with surge %s, unavailable %s', (replicas, maxSurge, maxUnavailable, surge, unavailable) => {
    const deployment = aDeployment({
      spec: { replicas, strategy: { rollingUpdate: { maxSurge, maxUnavailable } } },
    });
    expect(boundsOf(deployment)).toEqual({ desired: replicas, maxSurge: surge, maxUnavailable: unavailable });
  });
});

const aRollout = fc.record({
  desired: fc.integer({ min: 1, max: 12 }),
  surge: fc.nat(4),
  unavailable: fc.nat(4),
  coins: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
});

describe('rolling update', () => {
  it('ends with the current template alone, never above the surge, never below the availability', () => {
    fc.assert(
      fc.property(aRollout, ({ desired, surge, unavailable, coins }) => {
        const maxUnavailable = surge + unavailable === 0 ? 1 : Math.min(unavailable, desired);
        const bounds = { desired, maxSurge: surge, maxUnavailable };
        let current = { uid: 'new', replicas: 0, availableReplicas: 0 };
        let old = { uid: 'old', replicas: desired, availableReplicas: desired };
        for (let step = 0; step < 150; step++) {
          const size = nextCurrentSize(bounds, current.replicas, old.replicas);
          if (size !== current.replicas) current = { ...current, replicas: size };
          else {
            const shrunk = nextOldSizes(bounds, current, [old]).get('old') ?? 0;
            old = { ...old, replicas: shrunk, availableReplicas: Math.min(shrunk, old.availableReplicas) };
          }
          if (coins[step % coins.length] === true || step > 60)
            current = {
              ...current,
              availableReplicas: Math.min(current.replicas, current.availableReplicas + 1),
            };
          expect(current.replicas + old.replicas).toBeLessThanOrEqual(desired + surge);
          expect(current.availableReplicas + old.availableReplicas).toBeGreaterThanOrEqual(
            desired - maxUnavailable,
          );
        }
        expect([current.replicas, old.replicas]).toEqual([desired, 0]);
      }),
    );
  });

  it('takes down broken old pods first, though nothing else may go', () => {
    const bounds = { desired: 3, maxSurge: 1, maxUnavailable: 0 };
    const current = { uid: 'new', replicas: 1, availableReplicas: 1 };
    const sizes = nextOldSizes(bounds, current, [
      { uid: 'a', replicas: 1, availableReplicas: 0 },
      { uid: 'b', replicas: 2, availableReplicas: 2 },
    ]);
    expect([...sizes]).toEqual([
      ['a', 0],
      ['b', 2],
    ]);
  });

  it('scales several templates to exactly the allowed sum', () => {
    const aSet = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(fc.array(aSet, { minLength: 1, maxLength: 5 }), fc.nat(50), (counts, desired) => {
        const sets = counts.map((replicas, i) => ({ uid: `s${i}`, replicas, availableReplicas: 0 }));
        const sizes = [...proportionalSizes({ desired, maxSurge: 2, maxUnavailable: 1 }, sets).values()];
        expect(sizes.reduce((a, b) => a + b, 0)).toBe(desired === 0 ? 0 : desired + 2);
      }),
    );
  });
});
