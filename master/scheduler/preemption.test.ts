import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aNode, aPod, requesting } from '../../test/support/builders.ts';
import { claimOf, loadOf } from './node-load.ts';
import { firstRefusal } from './plan.ts';
import { planPreemption } from './preemption.ts';

const pod = (name: string, priority: number, cpu: string, more: object = {}) =>
  aPod({ name, spec: { ...requesting(cpu, '0'), priority, ...more } });
const isGuarded = ({ metadata }: { metadata: { name: string } }) => metadata.name.startsWith('guarded');
const labelsOf = () => ({});
const plan = (
  wanted: ReturnType<typeof pod>,
  nodes: Readonly<Record<string, readonly ReturnType<typeof pod>[]>>,
) => {
  const loads = Object.entries(nodes).map(([name, pods]) => loadOf(aNode({ name }), pods));
  const found = planPreemption({ claim: claimOf(wanted), loads, labelsOf, isGuarded });
  return found && [found.node, ...found.victims.map(({ metadata }) => metadata.name)];
};

describe('preemption', () => {
  it.each<{
    name: string;
    nodes: Readonly<Record<string, readonly ReturnType<typeof pod>[]>>;
    want?: string[];
  }>([
    {
      name: 'takes the least important',
      nodes: { a: [pod('x', 5, '4')], b: [pod('y', 1, '4')] },
      want: ['b', 'y'],
    },
    {
      name: 'takes no more than it needs',
      nodes: { a: [pod('x', 1, '2'), pod('y', 2, '2')] },
      want: ['a', 'x'],
    },
    { name: 'never takes an equal', nodes: { a: [pod('x', 10, '4')] }, want: undefined },
    {
      name: 'spares who is guarded',
      nodes: { a: [pod('guarded', 1, '4')], b: [pod('y', 9, '4')] },
      want: ['b', 'y'],
    },
    {
      name: 'takes who is guarded when nobody else is',
      nodes: { a: [pod('guarded', 1, '4')] },
      want: ['a', 'guarded'],
    },
    { name: 'takes nobody in vain', nodes: { a: [pod('x', 10, '3'), pod('y', 1, '1')] }, want: undefined },
  ])('$name', ({ nodes, want }) => {
    expect(plan(pod('new', 10, '2'), nodes)).toEqual(want);
  });

  it('is not for pods that shall not, nor again while victims end', () => {
    const nodes = { a: [pod('x', 1, '4')] };
    expect(plan(pod('new', 10, '2', { preemptionPolicy: 'Never' }), nodes)).toBeUndefined();
    const ending = aPod({
      name: 'x',
      spec: { ...requesting('4', '0'), priority: 1 },
      meta: { deletionTimestamp: '2026-01-01T00:00:00Z' },
    });
    const nominated = { ...pod('new', 10, '2'), status: { nominatedNodeName: 'a' } };
    expect(plan(nominated, { a: [ending], b: [pod('y', 1, '4')] })).toBeUndefined();
  });

  it('makes room, with lesser pods alone, none of whom could stay', () => {
    const size = fc.integer({ min: 1, max: 3 });
    const someone = fc.record({ priority: fc.integer({ min: 0, max: 5 }), size });
    fc.assert(
      fc.property(
        fc.array(fc.array(someone, { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
        size,
        (world, cpu) => {
          const loads = world.map((pods, at) =>
            loadOf(
              aNode({ name: `n${at}` }),
              pods.map((each, i) => pod(`p${at}-${i}`, each.priority, String(each.size))),
            ),
          );
          const claim = claimOf(pod('new', 3, String(cpu)));
          const found = planPreemption({ claim, loads, labelsOf, isGuarded });
          if (found === undefined) return;
          const load = loads.find(({ node }) => node.metadata.name === found.node);
          const without = (victims: readonly string[]) => {
            const left = (load?.claims ?? [])
              .map(each => each.pod)
              .filter(({ metadata }) => !victims.includes(metadata.name));
            return firstRefusal({
              claim,
              load: loadOf(aNode({ name: found.node }), left),
              affinity: undefined,
            });
          };
          const names = found.victims.map(({ metadata }) => metadata.name);
          expect(found.victims.every(({ spec }) => Number(spec.priority) < 3)).toBe(true);
          expect(without(names)).toEqual([]);
          for (const spared of names) expect(without(names.filter(name => name !== spared))).not.toEqual([]);
        },
      ),
    );
  });
});
