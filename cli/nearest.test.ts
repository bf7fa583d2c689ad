import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

test.each([
  ['gte', ['get', 'delete', 'top'], 'get'],
  ['ndoes', ['nodes', 'pods'], 'nodes'],
  ['deploymnet', ['deployments', 'daemonsets'], 'deployments'],
  ['xyz', ['nodes', 'pods'], undefined],
  ['', ['get'], undefined],
])('nearest(%j, %j) is %j', (word, known, want) => expect(nearest(word, known)).toBe(want));

test('distance is symmetric, zero only for equals, and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
      const distance = editDistance(a, b);
      expect(editDistance(b, a)).toBe(distance);
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});
