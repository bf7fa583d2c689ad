import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  difference,
  type FieldSet,
  intersection,
  isFieldSet,
  membersOf,
  nodeOf,
  pathText,
  union,
} from './field-set.ts';

const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1');
const { tree } = fc.letrec<{ tree: FieldSet; node: FieldSet }>(tie => ({
  tree: fc.dictionary(element, tie('node'), { maxKeys: 3, depthIdentifier: 'set', noNullPrototype: true }),
  node: fc
    .tuple(fc.boolean(), fc.oneof({ depthIdentifier: 'set', maxDepth: 3 }, fc.constant({}), tie('tree')))
    .map(([member, edges]) => nodeOf(member, edges) ?? {}),
}));

const texts = (set: FieldSet) => new Set(membersOf(set).map(path => path.join(' ')));

describe('the algebra of field sets', () => {
  it('is that of the sets of their members', () => {
    fc.assert(
      fc.property(tree, tree, (a, b) => {
        const [x, y] = [texts(a), texts(b)];
        expect(texts(union(a, b))).toEqual(new Set([...x, ...y]));
        expect(texts(intersection(a, b))).toEqual(new Set([...x].filter(path => y.has(path))));
        expect(texts(difference(a, b))).toEqual(new Set([...x].filter(path => !y.has(path))));
      }),
    );
  });

  it('leaves nothing behind: equal sets look equal', () => {
    fc.assert(
      fc.property(tree, tree, (a, b) => {
        expect(difference(a, a)).toEqual({});
        expect(union(difference(a, b), intersection(a, b))).toEqual(a);
      }),
    );
  });
});

describe('a field set from outside', () => {
  it('is taken as it is', () => {
    const set = {
      'f:spec': { '.': {}, 'f:ports': { 'k:{"port":80}': { '.': {}, 'f:port': {} } } },
      'i:1': {},
    };
    expect(isFieldSet(set)).toBe(true);
  });

  let deep: object = {};
  for (let depth = 0; depth < 1000; depth++) deep = { 'f:a': deep };
  it.each([
    ['a text', 'f:a'],
    ['a member that is no path element', { spec: {} }],
    ['a value in place of a set', { 'f:a': 1 }],
    ['keys that are none', { 'k:[1]': {} }],
    ['keys that are no JSON', { 'k:{': {} }],
    ['a set without end', deep],
  ])('is refused when it is %s', (_what, value) => expect(isFieldSet(value)).toBe(false));
});

it.each([
  [['f:spec', 'f:replicas'], '.spec.replicas'],
  [
    ['f:ports', 'k:{"containerPort":80,"protocol":"TCP"}', 'f:name'],
    '.ports[containerPort=80,protocol="TCP"].name',
  ],
  [['f:finalizers', 'v:"a"'], '.finalizers[="a"]'],
  [['f:args', 'i:2'], '.args[2]'],
])('the path %j is printed as %s', (path, want) => expect(pathText(path)).toBe(want));
