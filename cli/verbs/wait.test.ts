import { describe, expect, test } from 'vitest';
import { UsageError } from '../errors.ts';
import { gracePeriodOf } from './delete.ts';
import { parseWaitFor } from './wait.ts';

const object = {
  metadata: { generation: 3 },
  spec: { replicas: 2 },
  status: {
    phase: 'Running',
    observedGeneration: 3,
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Disk', status: 'False' },
    ],
  },
};
const isMet = (text: string, given: object = object) => {
  const check = parseWaitFor(text);
  return typeof check === 'string' ? check : check({ ...given });
};

describe('wait --for', () => {
  test.each([
    ['condition=Ready', true],
    ['condition=ready=true', true],
    ['condition=Disk', false],
    ['condition=Disk=False', true],
    ['condition=None', false],
    ['jsonpath={.status.phase}=Running', true],
    ["jsonpath='{.status.phase}'=Pending", false],
    ['jsonpath={.spec.replicas}=2', true],
    ['jsonpath={.status.phase}', true],
    ['jsonpath=.status.none', false],
    ['delete', 'delete'],
  ])('%s', (text, want) => expect(isMet(text.replaceAll("'", ''))).toBe(want));

  test('a condition of an older generation does not count', () => {
    expect(isMet('condition=Ready', { ...object, metadata: { generation: 4 } })).toBe(false);
  });
  test('anything else is refused', () => expect(() => parseWaitFor('ready')).toThrow(UsageError));
});

describe('the grace period of a deletion', () => {
  test.each([
    [{}, undefined],
    [{ gracePeriod: '-1' }, undefined],
    [{ gracePeriod: '5' }, 5],
    [{ gracePeriod: '0' }, 1],
    [{ now: true }, 1],
    [{ force: true }, 0],
    [{ force: true, gracePeriod: '0' }, 0],
  ])('%j is %s', (options, want) => expect(gracePeriodOf(options)).toBe(want));
  test.each([{ now: true, gracePeriod: '5' }, { force: true, gracePeriod: '5' }, { gracePeriod: 'soon' }])(
    '%j is refused',
    options => expect(() => gracePeriodOf(options)).toThrow(UsageError),
  );
});
