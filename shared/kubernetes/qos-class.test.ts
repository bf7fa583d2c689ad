import type * as core from 'kubernetes-types/core/v1';
import { expect, it } from 'vitest';
import { qosClassOf } from './qos-class.ts';

const both = { cpu: '1', memory: '1Gi' };

it.each<{ name: string; resources: core.ResourceRequirements; want: string }>([
  { name: 'nothing', resources: {}, want: 'BestEffort' },
  { name: 'zero', resources: { requests: { cpu: '0' }, limits: { memory: '0' } }, want: 'BestEffort' },
  { name: 'disk alone', resources: { requests: { 'ephemeral-storage': '1Gi' } }, want: 'BestEffort' },
  { name: 'all, alike', resources: { requests: both, limits: both }, want: 'Guaranteed' },
  {
    name: 'all, spelt otherwise',
    resources: { requests: { cpu: '1000m', memory: '1024Mi' }, limits: both },
    want: 'Guaranteed',
  },
  {
    name: 'less than its limits',
    resources: { requests: { ...both, cpu: '1m' }, limits: both },
    want: 'Burstable',
  },
  {
    name: 'no CPU limit',
    resources: { requests: { memory: '1' }, limits: { memory: '1' } },
    want: 'Burstable',
  },
])('a pod that asks for $name is $want', ({ resources, want }) => {
  expect(qosClassOf({ containers: [{ name: 'a', resources }] })).toBe(want);
});

it('looks at every container, init containers too', () => {
  const guaranteed = { name: 'a', resources: { requests: both, limits: both } };
  const init = { name: 'b', resources: {} };
  expect(qosClassOf({ containers: [guaranteed], initContainers: [init] })).toBe('Burstable');
});
