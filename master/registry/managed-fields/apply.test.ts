import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import type { KubeObject, New } from '../../../shared/kubernetes/objects.ts';
import { applied } from './apply.ts';
import { changed, compare } from './compare.ts';
import { intersection } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';
import { structuralShape } from './structural-shape.ts';
import { ownedAfterUpdate } from './update.ts';

const text = { type: 'string' };
const shape = structuralShape({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer' },
        labels: { type: 'object', additionalProperties: text },
        selector: { type: 'object', additionalProperties: text, 'x-kubernetes-map-type': 'atomic' },
        tags: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
        args: { type: 'array', items: text },
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name', 'side'],
          items: {
            type: 'object',
            properties: {
              name: text,
              side: { ...text, default: 'left' },
              image: text,
              env: { type: 'object' },
            },
          },
        },
      },
    },
  },
});
const kind = { shape, settle: (object: unknown) => object, hasStatus: false };

type Spec = Readonly<Record<string, unknown>>;
const config = (spec: Spec): New<KubeObject> =>
  ({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' }, spec }) as New<KubeObject>;
/** What the registry makes of an object that it stores. */
const stored = (object: New<KubeObject>): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    name: 'a',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
});
type Who = { readonly manager?: string; readonly force?: boolean; readonly now?: string };
const apply = (
  live: KubeObject | undefined,
  spec: Spec,
  { manager = 'one', force = false, now = 'T1' }: Who = {},
) => stored(applied(kind, { manager, force, now, apiVersion: 'v1', subresource: '' }, live, config(spec)));
const specOf = (object: object): unknown => Object.entries(object).find(([name]) => name === 'spec')?.[1];

/** Specs whose fields of their own begin with one of these letters. */
function aSpec(...names: string[]): fc.Arbitrary<Spec> {
  const name = fc.constantFrom(...names);
  const value = fc.constantFrom('1', '2');
  const map = fc.dictionary(name, value, { minKeys: 1, maxKeys: 2, noNullPrototype: true });
  const part = fc.record(
    { name, side: fc.constantFrom('left', 'right'), image: value, env: map },
    { requiredKeys: ['name'], noNullPrototype: true },
  );
  const parts = fc.uniqueArray(part, {
    minLength: 1,
    maxLength: 3,
    selector: ({ name, side = 'left' }) => `${name} ${side}`,
  });
  const tags = fc.uniqueArray(name, { minLength: 1, maxLength: 2 });
  return fc.record({ labels: map, tags, parts }, { requiredKeys: [], noNullPrototype: true });
}
const anySpec = fc
  .tuple(
    aSpec('a', 'b', 'c'),
    fc.record(
      {
        size: fc.nat(2),
        args: fc.array(fc.constantFrom('x', 'y'), { minLength: 1, maxLength: 2 }),
        selector: fc.dictionary(fc.constantFrom('x', 'y'), fc.constant('1'), {
          minKeys: 1,
          noNullPrototype: true,
        }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
  )
  .map(([own, more]): Spec => ({ ...own, ...more }));

/** The same for lists that only differ in the order of their elements. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(unordered).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, unordered(item)]),
  );
}

describe('applying', () => {
  it('makes an object of what was said, and nothing of what was not', () => {
    fc.assert(
      fc.property(anySpec, spec => {
        expect(specOf(apply(undefined, spec))).toEqual(spec);
      }),
    );
  });

  it('twice is applying once: not even the time changes', () => {
    fc.assert(
      fc.property(anySpec, anySpec, (first, spec) => {
        const other = apply(undefined, first, { manager: 'other' });
        const once = apply(other, spec, { force: true });
        expect(apply(once, spec, { force: true, now: 'T2' })).toEqual(once);
      }),
    );
  });

  it('by two for fields of their own comes to the same in either order', () => {
    fc.assert(
      fc.property(aSpec('a', 'b'), aSpec('c', 'd'), (one, two) => {
        const first = apply(apply(undefined, one), two, { manager: 'two' });
        const second = apply(apply(undefined, two, { manager: 'two' }), one);
        expect(unordered(first)).toEqual(unordered(second));
      }),
    );
  });

  it('leaves nothing of what is no longer said, and all that others said', () => {
    fc.assert(
      fc.property(aSpec('a', 'b'), aSpec('c', 'd'), (one, two) => {
        const both = apply(apply(undefined, one), two, { manager: 'two' });
        const left = apply(both, {}, { manager: 'one' });
        expect(unordered(specOf(left) ?? {})).toEqual(unordered(two));
        expect(specOf(apply(left, {}, { manager: 'two' })) ?? {}).toEqual({});
      }),
    );
  });

  it('never changes what another owns, unless it is forced', () => {
    fc.assert(
      fc.property(anySpec, anySpec, (one, two) => {
        const before = apply(undefined, one);
        const owned = fieldsOf(shape, { spec: one });
        const wanted = fieldsOf(shape, { spec: two });
        const said = (object: object) => ({ spec: specOf(object) });
        const force = apply(before, two, { manager: 'two', force: true });
        const lost = intersection(owned, changed(compare(shape, said(before), said(force))));
        let after: KubeObject | undefined;
        try {
          after = apply(before, two, { manager: 'two' });
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          expect(error.reason).toBe('Conflict');
        }
        expect(after === undefined).toBe(Object.keys(lost).length > 0);
        if (after !== undefined) expect(compare(shape, said(before), said(after)).modified).toEqual({});
        // What was asked for stands there after a forced apply.
        expect(intersection(wanted, changed(compare(shape, said(force), { spec: two })))).toEqual({});
      }),
    );
  });
});

describe('ownership after an update', () => {
  const update = (live: KubeObject, spec: Spec, manager: string, now = 'T9'): KubeObject => {
    const next = stored(config(spec));
    const writer = { manager, now, apiVersion: 'v1', subresource: '' };
    const managedFields = ownedAfterUpdate(kind, writer, live, next, undefined);
    return { ...next, metadata: { ...next.metadata, managedFields: [...(managedFields ?? [])] } };
  };
  const entries = (object: KubeObject) => object.metadata.managedFields ?? [];

  it('makes the appliers conflict exactly over what it changed', () => {
    const live = apply(undefined, { size: 1, labels: { a: '1', b: '1' } });
    const touched = update(live, { size: 1, labels: { a: '2', b: '1' } }, 'editor');
    expect(entries(touched).map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ['one', { 'f:spec': { 'f:labels': { 'f:b': {} }, 'f:size': {} } }],
      ['editor', { 'f:spec': { 'f:labels': { 'f:a': {} } } }],
    ]);
    expect(() => apply(touched, { size: 1, labels: { a: '1', b: '1' } })).toThrow(
      'Apply failed with 1 conflict: conflict with "editor" using v1: .spec.labels.a',
    );
  });

  it('says nothing new when nothing changed', () => {
    const live = apply(undefined, { size: 1 });
    expect(update(live, { size: 1 }, 'editor').metadata.managedFields).toEqual(live.metadata.managedFields);
  });

  it('keeps ten updates apart, and the oldest of more together', () => {
    let live = apply(undefined, { size: 1 });
    const labels: Record<string, string> = {};
    for (let index = 10; index < 25; index++) {
      labels[`l${index}`] = '1';
      live = update(live, { size: 1, labels: { ...labels } }, `m${index}`, `T${index}`);
    }
    const updates = entries(live).filter(({ operation }) => operation === 'Update');
    expect(updates.map(({ manager }) => manager)).toEqual([
      'ancient-changes',
      ...[16, 17, 18, 19, 20, 21, 22, 23, 24].map(index => `m${index}`),
    ]);
    expect(updates[0]?.fieldsV1).toEqual({
      'f:spec': {
        'f:labels': { '.': {}, 'f:l10': {}, 'f:l11': {}, 'f:l12': {}, 'f:l13': {}, 'f:l14': {}, 'f:l15': {} },
      },
    });
  });
});
