import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRecord } from '../../shared/is-record.ts';
import { equalJson, type JsonObject } from '../json.ts';
import { lastAppliedOf, withLastApplied } from './last-applied.ts';
import { listStrategy } from './list-strategy.ts';
import { JSON_MERGE, STRATEGIC, threeWayPatch } from './three-way-patch.ts';

const spec = (...containers: JsonObject[]) => ({ spec: { containers } });

describe('the strategic patch', () => {
  test.each<[string, JsonObject, JsonObject, JsonObject, JsonObject]>([
    ['nothing to do', { a: 1 }, { a: 1 }, { a: 1, b: 2 }, {}],
    ['a change', { a: 1 }, { a: 2 }, { a: 1 }, { a: 2 }],
    ['an addition', {}, { a: { b: 1 } }, { a: { c: 2 } }, { a: { b: 1 } }],
    ['a removal', { a: 1, b: 1 }, { a: 1 }, { a: 1, b: 1, c: 1 }, { b: null }],
    ['a removal that somebody else made already', { a: 1, b: 1 }, { a: 1 }, { a: 1 }, {}],
    ['a drift is set right', { a: 1 }, { a: 1 }, { a: 5 }, { a: 1 }],
    ['null takes out', {}, { a: null }, { a: 1 }, { a: null }],
    ['null of what is not there', {}, { a: null }, {}, {}],
    [
      'defaults of the server stay',
      spec({ name: 'x', image: 'i:1' }),
      spec({ name: 'x', image: 'i:1' }),
      spec({ name: 'x', image: 'i:1', imagePullPolicy: 'Always' }),
      {},
    ],
    [
      'one container changes, one comes, one goes, a foreign one stays',
      spec({ name: 'a', image: '1' }, { name: 'b', image: '1' }),
      spec({ name: 'a', image: '2' }, { name: 'c', image: '1' }),
      spec({ name: 'a', image: '1', tty: false }, { name: 'b', image: '1' }, { name: 'sidecar', image: '9' }),
      {
        spec: {
          '$setElementOrder/containers': [{ name: 'a' }, { name: 'c' }],
          containers: [
            { name: 'a', image: '2' },
            { name: 'c', image: '1' },
            { name: 'b', $patch: 'delete' },
          ],
        },
      },
    ],
    ['plain lists are replaced', { args: ['a'] }, { args: ['b'] }, { args: ['a'] }, { args: ['b'] }],
    [
      'a strategy pushes out what the server had filled in',
      { spec: {} },
      { spec: { strategy: { type: 'Recreate' } } },
      { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } },
      { spec: { strategy: { type: 'Recreate', $retainKeys: ['type'] } } },
    ],
    [
      'one port number under two protocols',
      {},
      spec({
        name: 'a',
        ports: [
          { containerPort: 53, protocol: 'TCP' },
          { containerPort: 53, protocol: 'UDP' },
        ],
      }),
      spec({ name: 'a', ports: [{ containerPort: 53, protocol: 'TCP' }] }),
      {
        spec: {
          '$setElementOrder/containers': [{ name: 'a' }],
          containers: [
            {
              name: 'a',
              ports: [
                { containerPort: 53, protocol: 'TCP' },
                { containerPort: 53, protocol: 'UDP' },
                { $patch: 'replace' },
              ],
            },
          ],
        },
      },
    ],
    [
      'finalizers are a set',
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { finalizers: ['b', 'c'] } },
      { metadata: { finalizers: ['b', 'a', 'foreign'] } },
      { metadata: { finalizers: ['c'], '$deleteFromPrimitiveList/finalizers': ['a'] } },
    ],
  ])('%s', (_, original, modified, current, want) =>
    expect(threeWayPatch({ original, modified, current }, STRATEGIC)).toEqual(want),
  );
});

/** What a server makes of a patch, as far as these properties need it. */
function applied(current: JsonObject, patch: JsonObject, path: readonly string[] = []): JsonObject {
  const result: Record<string, unknown> = { ...current };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    const live = result[key];
    const strategy = listStrategy([...path, key]);
    if (value === null) delete result[key];
    else if (isRecord(value)) result[key] = applied(isRecord(live) ? live : {}, value, [...path, key]);
    else if (Array.isArray(value) && Array.isArray(live) && strategy.kind === 'merge') {
      const items = new Map(live.map(item => [item[strategy.key], item]));
      for (const item of value) {
        if (item.$patch === 'delete') items.delete(item[strategy.key]);
        else
          items.set(item[strategy.key], applied(items.get(item[strategy.key]) ?? {}, item, [...path, key]));
      }
      result[key] = [...items.values()];
    } else result[key] = value;
  }
  return result;
}

/** True when everything of `part` stands in `whole`; lists of objects by name, in any order. */
function contains(whole: unknown, part: unknown): boolean {
  if (isRecord(part))
    return isRecord(whole) && Object.keys(part).every(key => contains(whole[key], part[key]));
  if (Array.isArray(part) && part.some(isRecord))
    return (
      Array.isArray(whole) &&
      part.every(item => whole.some(other => other.name === item.name && contains(other, item)))
    );
  return equalJson(whole, part);
}

const scalar = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('x', 'y'));
const container = fc.record(
  { name: fc.constantFrom('a', 'b', 'c'), image: scalar, tty: fc.boolean() },
  { requiredKeys: ['name'] },
);
const anObject = fc.record(
  {
    data: fc.dictionary(fc.constantFrom('k', 'l', 'm'), scalar),
    replicas: scalar,
    args: fc.array(scalar, { maxLength: 2 }),
    containers: fc.uniqueArray(container, { selector: each => each.name, minLength: 1 }),
  },
  { requiredKeys: [] },
);

describe('for any three objects', () => {
  test('the live object gets all that is wanted, keeps what is foreign, and needs no second patch', () => {
    fc.assert(
      fc.property(anObject, anObject, anObject, (original, modified, current) => {
        const after = applied(current, threeWayPatch({ original, modified, current }, STRATEGIC));
        expect(contains(after, modified)).toBe(true);
        for (const [key, value] of Object.entries(current))
          if (!Object.hasOwn(original, key) && !Object.hasOwn(modified, key))
            expect(after[key]).toEqual(value);
        for (const key of Object.keys(original))
          if (!Object.hasOwn(modified, key)) expect(after).not.toHaveProperty(key);
        const again = threeWayPatch({ original: modified, modified, current: after }, STRATEGIC);
        expect(JSON.stringify(again).replace(/\$setElementOrder/g, '')).toBe(
          Object.keys(again).length === 0
            ? '{}'
            : JSON.stringify({ '/containers': modified.containers?.map(({ name }) => ({ name })) }),
        );
      }),
    );
  });

  test('without knowledge of the lists they are replaced', () => {
    fc.assert(
      fc.property(anObject, anObject, (modified, current) => {
        const patch = threeWayPatch({ original: {}, modified, current }, JSON_MERGE);
        if (modified.containers && current.containers && !equalJson(modified.containers, current.containers))
          expect(patch.containers).toEqual(modified.containers);
      }),
    );
  });
});

describe('the annotation', () => {
  test('is what kubectl writes', () => {
    const object = withLastApplied({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'a', namespace: 'b' },
      data: { x: '<&>' },
    });
    expect(object).toMatchObject({
      metadata: {
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration':
            '{"apiVersion":"v1","data":{"x":"\\u003c\\u0026\\u003e"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"a","namespace":"b"}}\n',
        },
      },
    });
  });

  test('is read back, and does not remember itself', () => {
    const once = withLastApplied({ kind: 'A', metadata: { name: 'a', annotations: { mine: '1' } } });
    expect(withLastApplied(once)).toEqual(once);
    expect(lastAppliedOf(once)).toEqual({ kind: 'A', metadata: { name: 'a', annotations: { mine: '1' } } });
  });

  test.each([{}, { metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{' } } }])(
    'of %j is none',
    live => expect(lastAppliedOf(live)).toBeUndefined(),
  );
});
