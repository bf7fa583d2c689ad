import { describe, expect, it } from 'vitest';
import { applyJsonPatch } from './json-patch.ts';

describe('a JSON patch', () => {
  it.each([
    ['adds a member', {}, [{ op: 'add', path: '/a', value: 1 }], { a: 1 }],
    ['puts before an element', [1, 2], [{ op: 'add', path: '/1', value: 9 }], [1, 9, 2]],
    ['puts behind all', [1, 2], [{ op: 'add', path: '/-', value: 9 }], [1, 2, 9]],
    ['counts from the end', [1, 2], [{ op: 'remove', path: '/-1' }], [1]],
    [
      'reads ~1 and ~0',
      { 'a/b': 1, '~': 2 },
      [
        { op: 'remove', path: '/a~1b' },
        { op: 'remove', path: '/~0' },
      ],
      {},
    ],
    ['moves', { a: { b: 1 } }, [{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: 1 }],
    [
      'copies',
      { a: [1] },
      [
        { op: 'copy', from: '/a', path: '/b' },
        { op: 'add', path: '/b/-', value: 2 },
      ],
      { a: [1], b: [1, 2] },
    ],
    [
      'replaces the whole document',
      { a: 1 },
      [
        { op: 'test', path: '', value: { a: 1 } },
        { op: 'replace', path: '', value: {} },
      ],
      {},
    ],
    [
      'has members of any name',
      JSON.parse('{"__proto__":1}'),
      [{ op: 'replace', path: '/__proto__', value: 2 }],
      JSON.parse('{"__proto__":2}'),
    ],
  ])('%s', (_what, target, patch, want) => {
    const before = structuredClone([target, patch]);
    expect(applyJsonPatch(target, patch)).toEqual(want);
    expect([target, patch]).toEqual(before);
  });

  it.each([
    ['a member that is not there', { op: 'remove', path: '/b' }, 'there is no such member'],
    ['a place in nothing', { op: 'add', path: '/b/c', value: 1 }, 'the path is not there'],
    ['a place in a string', { op: 'add', path: '/a/b', value: 1 }, 'the path is not there'],
    ['an index beyond the end', { op: 'add', path: '/list/2', value: 1 }, 'the index is out of bounds'],
    ['an index that is none', { op: 'replace', path: '/list/x', value: 1 }, 'the index is out of bounds'],
    ['another value', { op: 'test', path: '/a', value: 'other' }, 'the value is another'],
    [
      'what lies outside its own members',
      { op: 'test', path: '/__proto__/toString', value: null },
      'the path is not there',
    ],
    ['nothing to move', { op: 'move', from: '/list/7', path: '/b' }, 'from is not there'],
  ])('refuses %s', (_what, operation, why) => {
    expect(() => applyJsonPatch({ a: 'x', list: [1] }, [operation])).toThrow(
      expect.objectContaining({
        reason: 'Invalid',
        message: expect.stringContaining(
          `operation 0 (${operation.op} ${operation.path}) does not apply: ${why}`,
        ),
      }),
    );
  });

  it('refuses to copy copies of copies for ever', () => {
    const doubling = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/a', path: `/a/${i}` }));
    expect(() => applyJsonPatch({ a: { text: 'x'.repeat(1000) } }, doubling)).toThrow(
      'accumulated size of copies',
    );
  });

  it('refuses to nest without end', () => {
    const deeper = Array.from({ length: 500 }, (_, i) => ({
      op: 'add',
      path: '/a'.repeat(i + 1),
      value: {},
    }));
    expect(() => applyJsonPatch({}, deeper)).toThrow('exceeded max depth');
    const doubled = Array.from({ length: 20 }, (_, i) => ({
      op: 'copy',
      from: '/a',
      path: '/a'.repeat(2 ** i + 1),
    }));
    expect(() => applyJsonPatch({ a: {} }, doubled)).toThrow('exceeded max depth');
  });

  it.each([[{}], [[{ op: 'jump', path: '/a' }]], [[{ op: 'add' }]], [[{ op: 'move', path: '/a' }]]])(
    'refuses %j, which is none',
    patch => {
      expect(() => applyJsonPatch({}, patch)).toThrow('error decoding patch');
    },
  );
});
