import { describe, expect, it } from 'vitest';
import {
  matchesLabelSelector,
  matchesRequirements,
  parseFieldSelector,
  parseLabelSelector,
} from './selectors.ts';

const labels = { app: 'web', tier: 'front', 'example.com/size': '3' };

describe('label selectors', () => {
  it.each([
    ['', true],
    ['app=web', true],
    ['app==web,tier=front', true],
    ['app!=web', false],
    ['other!=x', true],
    ['app in (web, api)', true],
    ['app notin (web)', false],
    ['app', true],
    ['!app', false],
    ['!other', true],
    ['example.com/size>2', true],
    ['example.com/size<3', false],
    ['app=', false],
  ])('%j on the sample labels gives %s', (text, want) => {
    const parsed = parseLabelSelector(text);
    expect(parsed.ok && matchesRequirements(parsed.requirements, labels)).toBe(want);
  });

  it.each(['a b', 'a=b=c', 'a in (b', '=x', 'a=b,,c', '-x=1', 'a=b c', `a=${'x'.repeat(64)}`])(
    'refuses %j',
    text => {
      expect(parseLabelSelector(text).ok).toBe(false);
    },
  );

  it('does not read inherited members as labels', () => {
    const parsed = parseLabelSelector('constructor');
    expect(parsed.ok && matchesRequirements(parsed.requirements, {})).toBe(false);
  });

  it('joins matchLabels and matchExpressions', () => {
    const selector = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['front'] }],
    };
    expect(matchesLabelSelector(selector, labels)).toBe(true);
    expect(matchesLabelSelector(selector, { app: 'web' })).toBe(false);
  });
});

describe('field selectors', () => {
  it('reads equality and inequality', () => {
    expect(parseFieldSelector('spec.nodeName=a,status.phase!=Failed')).toEqual({
      ok: true,
      requirements: [
        { field: 'spec.nodeName', equal: true, value: 'a' },
        { field: 'status.phase', equal: false, value: 'Failed' },
      ],
    });
    expect(parseFieldSelector('nonsense').ok).toBe(false);
  });
});
