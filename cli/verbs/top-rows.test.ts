import { expect, test } from 'vitest';
import { nodeTopRows, podTopRows } from './top-rows.ts';

const aNode = (name: string) => ({
  metadata: { name },
  status: { allocatable: { cpu: '2', memory: '1Gi' } },
});
const aMetric = (name: string, cpu: string, memory: string) => ({
  metadata: { name },
  usage: { cpu, memory },
});

test('nodes, by name, with percent of allocatable, and the silent ones last', () => {
  const metrics = [aMetric('pi-2', '100m', '512Mi'), aMetric('pi-1', '1', '256Mi')];
  const rows = nodeTopRows(metrics, [aNode('pi-3'), aNode('pi-1'), aNode('pi-2')], {
    limits: 'allocatable',
    sortBy: undefined,
  });
  expect(rows).toEqual([
    ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'],
    ['pi-1', '1000m', '50%', '256Mi', '25%'],
    ['pi-2', '100m', '5%', '512Mi', '50%'],
    ['pi-3', '<unknown>', '<unknown>', '<unknown>', '<unknown>'],
  ]);
  const byMemory = nodeTopRows(metrics, [], { limits: 'allocatable', sortBy: 'memory' });
  expect(byMemory.map(row => row[0])).toEqual(['NAME', 'pi-2', 'pi-1']);
});

test('pods are the sum of their containers', () => {
  const metrics = [
    {
      metadata: { name: 'web', namespace: 'default' },
      containers: [
        { name: 'a', usage: { cpu: '1500000n', memory: '3Mi' } },
        { name: 'b', usage: { cpu: '2m', memory: '1536Ki' } },
      ],
    },
  ];
  expect(podTopRows(metrics, { withNamespace: false, containers: false, sortBy: undefined })[1]).toEqual([
    'web',
    '4m',
    '4Mi',
  ]);
  expect(podTopRows(metrics, { withNamespace: true, containers: true, sortBy: undefined })).toEqual([
    ['NAMESPACE', 'POD', 'NAME', 'CPU(cores)', 'MEMORY(bytes)'],
    ['default', 'web', 'a', '2m', '3Mi'],
    ['default', 'web', 'b', '2m', '1Mi'],
  ]);
});
