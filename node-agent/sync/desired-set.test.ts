import { describe, expect, it } from 'vitest';
import type { Desired } from '../../shared/protocol/messages.ts';
import {
  acceptDocuments,
  acceptIndex,
  type DesiredSet,
  emptyDesiredSet,
  missingDocuments,
  wantedPods,
} from './desired-set.ts';
import { aDocument } from './pod-builders.ts';

const OWN = { epoch: 'e1', cluster: 'c1' };

function anIndex(change: Partial<Desired> = {}): Desired {
  return {
    cluster: 'c1',
    incarnation: 1,
    generation: 10,
    epoch: 'e1',
    pods: [{ uid: 'uid-1', digest: 'd1' }],
    ...change,
  };
}

function accept(set: DesiredSet, index: Desired): DesiredSet {
  const accepted = acceptIndex(set, index, OWN);
  if (!accepted.ok) throw new Error(accepted.reason);
  return accepted.set;
}

const documentsOf = (digest: string, labels = {}) => ({
  documents: [{ digest, document: aDocument({ labels }) }],
});

describe('an index', () => {
  const held = accept(emptyDesiredSet, anIndex());
  it.each([
    { name: 'another epoch', index: anIndex({ epoch: 'e2' }), want: { ok: false, reason: 'other-epoch' } },
    {
      name: 'another cluster',
      index: anIndex({ cluster: 'c2' }),
      want: { ok: false, reason: 'other-cluster' },
    },
    { name: 'an older generation', index: anIndex({ generation: 9 }), want: { ok: false, reason: 'older' } },
    {
      name: 'an older incarnation',
      index: anIndex({ incarnation: 0, generation: 99 }),
      want: { ok: false, reason: 'older' },
    },
    { name: 'the same generation', index: anIndex(), want: { ok: true } },
    { name: 'a newer incarnation', index: anIndex({ incarnation: 2, generation: 1 }), want: { ok: true } },
  ])('of $name', ({ index, want }) => {
    expect(acceptIndex(held, index, OWN)).toMatchObject(want);
  });
});

describe('documents', () => {
  it('may come before the index or after it', () => {
    const before = accept(acceptDocuments(emptyDesiredSet, documentsOf('d1')), anIndex());
    const after = acceptDocuments(accept(emptyDesiredSet, anIndex()), documentsOf('d1'));
    for (const set of [before, after]) {
      expect(missingDocuments(set)).toEqual([]);
      expect(wantedPods(set)).toMatchObject([{ uid: 'uid-1', digest: 'd1', document: { name: 'pod-1' } }]);
    }
  });

  it('are missed until they come; meanwhile the pod keeps the one it had', () => {
    const held = accept(acceptDocuments(emptyDesiredSet, documentsOf('d1')), anIndex());
    const set = accept(held, anIndex({ generation: 11, pods: [{ uid: 'uid-1', digest: 'd2' }] }));
    expect(missingDocuments(set)).toEqual(['d2']);
    expect(wantedPods(set)).toMatchObject([{ digest: 'd1' }]);
    const complete = acceptDocuments(set, documentsOf('d2', { a: 'b' }));
    expect(wantedPods(complete)).toMatchObject([{ digest: 'd2', document: { labels: { a: 'b' } } }]);
  });

  it('that no index names are forgotten with the next index, and bounded before it', () => {
    const many = { documents: [...Array(400).keys()].map(i => ({ digest: `x${i}`, document: aDocument() })) };
    const set = acceptDocuments(accept(emptyDesiredSet, anIndex()), many);
    expect(set.documents.size).toBe(220);
    expect(set.documents.has('x399')).toBe(true);
    expect(accept(set, anIndex({ generation: 11 })).documents.size).toBe(0);
  });
});

it('knows no pods before the first index', () => {
  expect(wantedPods(acceptDocuments(emptyDesiredSet, documentsOf('d1')))).toBeUndefined();
});
