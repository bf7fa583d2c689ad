import { describe, expect, test } from 'vitest';
import { UsageError } from '../errors.ts';
import { isKeyChange, parseKeyChanges, planKeyChanges } from './key-changes.ts';
import { changedTaints, parseTaintChanges } from './taint-changes.ts';

describe('labels', () => {
  test.each([
    ['a=b', true],
    ['a=', true],
    ['a-', true],
    ['a', false],
    ['pod/a', false],
  ])('%s is a change: %s', (word, want) => expect(isKeyChange(word)).toBe(want));

  const current = { app: 'web', tier: 'front' };
  test.each([
    [['new=1'], false, { ok: true, patch: { new: '1' }, onlyRemoves: false }],
    [['app=web'], false, { ok: true, patch: {}, onlyRemoves: false }],
    [['app=db'], true, { ok: true, patch: { app: 'db' }, onlyRemoves: false }],
    [['tier-', 'none-'], false, { ok: true, patch: { tier: null }, onlyRemoves: true }],
  ])('%j', (words, overwrite, want) =>
    expect(planKeyChanges(current, parseKeyChanges(words), overwrite)).toEqual(want),
  );

  test('nothing is overwritten unasked', () => {
    expect(planKeyChanges(current, parseKeyChanges(['app=db']), false)).toEqual({
      ok: false,
      reason: "'app' already has a value (web), and --overwrite is false",
    });
  });

  test('one key cannot come and go', () => expect(() => parseKeyChanges(['a=1', 'a-'])).toThrow(UsageError));
});

describe('taints', () => {
  const current = [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }];
  const change = (...words: string[]) => changedTaints('pi-1', current, parseTaintChanges(words), false);

  test.each([
    [['new=1:NoExecute'], [...current, { key: 'new', value: '1', effect: 'NoExecute' }]],
    [['dedicated:NoExecute'], [...current, { key: 'dedicated', effect: 'NoExecute' }]],
    [['dedicated-'], []],
    [['dedicated:NoSchedule-'], []],
  ])('%j', (words, want) => expect(change(...words)).toEqual(want));

  test.each([['dedicated=x:NoSchedule'], ['other-'], ['dedicated:NoExecute-']])('%s is refused', word =>
    expect(() => change(word)).toThrow(),
  );
  test.each(['a=b', 'a=b:Never', 'a', ':NoSchedule'])('%s is no taint', word =>
    expect(() => parseTaintChanges([word])).toThrow(UsageError),
  );
});
