import { expect, it } from 'vitest';
import { checkResources } from './pod-resources.ts';

const DEVICE = 'pikelet.dev/gpiochip';

it.each([
  [{ limits: { [DEVICE]: '1' }, requests: { [DEVICE]: '1' } }, []],
  [{ limits: { cpu: '1500m' }, requests: { cpu: '250m', 'kubernetes.io/batch': '1' } }, []],
  [
    { limits: { [DEVICE]: '1500m' } },
    [[`resources.limits[${DEVICE}]`, 'Invalid value: "1500m": must be an integer']],
  ],
  [
    { limits: { [DEVICE]: '2' }, requests: { [DEVICE]: '1' } },
    [['resources.requests', `Invalid value: "1": must be equal to ${DEVICE} limit of 2`]],
  ],
  [
    { requests: { [DEVICE]: '1' } },
    [['resources.limits', 'Required value: Limit must be set for non overcommitable resources']],
  ],
  [
    { limits: { cpu: '1' }, requests: { cpu: '2' } },
    [['resources.requests', 'Invalid value: "2": must be less than or equal to cpu limit of 1']],
  ],
])('%j', (resources, want) => {
  expect(checkResources(resources, 'resources').map(({ field, message }) => [field, message])).toEqual(want);
});
