import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EvictablePod, planEviction } from './plan.ts';

const MiB = 1024 ** 2;
const aPod = (uid: string, used: number, request = 0, priority = 0): EvictablePod => ({
  uid,
  priority,
  usedBytes: used * MiB,
  requestBytes: request * MiB,
  containers: [{ name: 'main', usedBytes: used * MiB, requestBytes: request * MiB }],
});

describe('the pod that goes', () => {
  it.each([
    { name: 'nobody', pods: [], want: undefined },
    { name: 'the one beyond its request', pods: [aPod('a', 100, 200), aPod('b', 20, 10)], want: 'b' },
    { name: 'then the one of lower priority', pods: [aPod('a', 90, 10, 5), aPod('b', 20, 10, 1)], want: 'b' },
    { name: 'then the one that is beyond by most', pods: [aPod('a', 90, 80), aPod('b', 40, 10)], want: 'b' },
    { name: 'one within its request, if there is no other', pods: [aPod('a', 5, 10)], want: 'a' },
    { name: 'never a critical one', pods: [aPod('a', 500, 0, 2_000_001_000)], want: undefined },
    { name: 'never one that holds nothing', pods: [aPod('a', 0)], want: undefined },
  ])('is $name', ({ pods, want }) => {
    expect(planEviction('memory', pods)?.uid).toBe(want);
  });

  it('is told why, as the kubelet tells it', () => {
    expect(planEviction('memory', [aPod('a', 60, 10)])?.message).toBe(
      'The node was low on resource: memory. Container main was using 60Mi, request is 10Mi, has larger consumption of memory. ',
    );
    expect(planEviction('ephemeral-storage', [aPod('a', 5, 10)])?.message).toBe(
      'The node was low on resource: ephemeral-storage. ',
    );
  });

  it('is the same in whatever order pods come, and never one within its request before one beyond', () => {
    const small = fc.integer({ min: 0, max: 5 });
    const pods = fc
      .array(fc.tuple(small, small, small), { maxLength: 8 })
      .map(all => all.map(([used, request, priority], i) => aPod(`p${i}`, used, request, priority)));
    fc.assert(
      fc.property(pods, fc.nat(), (given, turn) => {
        const chosen = planEviction('memory', given);
        const at = given.length === 0 ? 0 : turn % given.length;
        expect(planEviction('memory', [...given.slice(at), ...given.slice(0, at)])).toEqual(chosen);
        const victim = given.find(({ uid }) => uid === chosen?.uid);
        const beyond = given.filter(({ usedBytes, requestBytes }) => usedBytes > requestBytes);
        if (beyond.length > 0) expect(beyond).toContain(victim);
        expect(victim === undefined).toBe(given.every(({ usedBytes }) => usedBytes === 0));
      }),
    );
  });
});
