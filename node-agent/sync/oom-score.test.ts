import type * as core from 'kubernetes-types/core/v1';
import { expect, it } from 'vitest';
import { oomScoreAdjOf } from './oom-score.ts';

const GIB = 1024 ** 3;
const asking = (memory?: string, name = 'main'): core.Container => ({
  name,
  resources: memory ? { requests: { memory } } : {},
});
const score = (spec: core.PodSpec, container = spec.containers[0] ?? asking()) =>
  oomScoreAdjOf(spec, container, GIB);

it.each([
  { name: 'nothing', container: asking(), want: 1000 },
  { name: 'next to nothing', container: asking('1'), want: 999 },
  { name: 'a quarter', container: asking('256Mi'), want: 750 },
  { name: 'all there is', container: asking('1Gi'), want: 3 },
  { name: 'more than there is', container: asking('9Gi'), want: 3 },
  {
    name: 'just what it is limited to',
    container: {
      name: 'main',
      resources: { requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '1', memory: '1Mi' } },
    },
    want: -997,
  },
])('a container that requests $name gets $want', ({ container, want }) => {
  expect(score({ containers: [container] })).toBe(want);
});

it('keeps what the node needs', () => {
  expect(score({ containers: [asking()], priorityClassName: 'system-node-critical' })).toBe(-997);
  expect(score({ containers: [asking()], priorityClassName: 'system-cluster-critical' })).toBe(1000);
});

it('ends a sidecar no sooner than those that it serves', () => {
  const sidecar = { ...asking('1Mi', 'log'), restartPolicy: 'Always' };
  const init = asking('1Mi', 'init');
  const spec = {
    containers: [asking('512Mi'), asking('256Mi', 'other')],
    initContainers: [sidecar, init],
  };
  expect(score(spec, sidecar)).toBe(750);
  expect(score(spec, init)).toBe(999);
  const greedy = { ...sidecar, ...asking('768Mi', 'log') };
  expect(score({ ...spec, initContainers: [greedy] }, greedy)).toBe(250);
});

it('does not divide by a memory that the kernel does not tell', () => {
  expect(oomScoreAdjOf({ containers: [asking('1Mi')] }, asking('1Mi'), 0)).toBe(1000);
});
