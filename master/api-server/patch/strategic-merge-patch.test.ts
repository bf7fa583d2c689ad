import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMergePatch } from './json-merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const spec = (containers: object[], more: object = {}) => ({ containers, ...more });

describe('strategic merge patch', () => {
  it.each([
    [
      'merges by key',
      spec([{ name: 'a', image: '1' }]),
      spec([{ name: 'a', image: '2' }]),
      spec([{ name: 'a', image: '2' }]),
    ],
    ['adds what is new', spec([{ name: 'a' }]), spec([{ name: 'b' }]), spec([{ name: 'b' }, { name: 'a' }])],
    [
      'deletes by directive',
      spec([{ name: 'a' }, { name: 'b' }]),
      spec([{ name: 'a', $patch: 'delete' }]),
      spec([{ name: 'b' }]),
    ],
    [
      'replaces by directive',
      spec([{ name: 'a' }]),
      spec([{ $patch: 'replace' }, { name: 'z' }]),
      spec([{ name: 'z' }]),
    ],
    ['removes on null', spec([], { hostname: 'h' }), { hostname: null }, spec([])],
    [
      'replaces lists without a key',
      spec([], { tolerations: [{ key: 'a' }] }),
      { tolerations: [{ key: 'b' }] },
      spec([], { tolerations: [{ key: 'b' }] }),
    ],
    [
      'orders as told',
      spec([{ name: 'a' }, { name: 'b' }]),
      {
        containers: [{ name: 'c' }],
        '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }],
      },
      spec([{ name: 'c' }, { name: 'b' }, { name: 'a' }]),
    ],
    [
      'retains only the keys named',
      { strategy: 1, hostname: 'h' },
      { $retainKeys: ['hostname'], hostname: 'g' },
      { hostname: 'g' },
    ],
    [
      'empties a map by directive',
      { securityContext: { runAsUser: 1 } },
      { securityContext: { $patch: 'delete' } },
      { securityContext: {} },
    ],
  ])('%s', (_name, target, patch, want) => {
    expect(applyStrategicMergePatch('V1PodSpec', target, patch)).toEqual(want);
  });

  it('unites and takes from sets of plain values', () => {
    const meta = { finalizers: ['a', 'b'] };
    expect(applyStrategicMergePatch('V1ObjectMeta', meta, { finalizers: ['c', 'a'] })).toEqual({
      finalizers: ['c', 'a', 'b'],
    });
    expect(
      applyStrategicMergePatch('V1ObjectMeta', meta, { '$deleteFromPrimitiveList/finalizers': ['a'] }),
    ).toEqual({ finalizers: ['b'] });
  });

  it('refuses an element without its key', () => {
    expect(() => applyStrategicMergePatch('V1PodSpec', spec([]), spec([{ image: 'x' }]))).toThrow(
      'does not contain declared merge key: name',
    );
  });

  const labels = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.constant(null)));
  it('is a merge patch where there are no lists, is idempotent, and changes neither argument', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), labels, (before, patch) => {
        const clean = Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$')));
        const [target, change] = [{ labels: before }, { labels: clean }];
        const copies = structuredClone([target, change]);
        const once = applyStrategicMergePatch('V1ObjectMeta', target, change);
        expect(once).toEqual(applyMergePatch(target, change));
        expect(applyStrategicMergePatch('V1ObjectMeta', once, change)).toEqual(once);
        expect([target, change]).toEqual(copies);
      }),
    );
  });
});
