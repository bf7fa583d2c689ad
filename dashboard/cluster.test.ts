import { describe, expect, it } from 'vitest';
import { formatMemory, podStatus, viewOf } from './cluster.ts';
import type { Node, Pod } from './objects.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const meta = (name: string) => ({ uid: name, name, creationTimestamp: '2026-01-01T00:00:00Z' });
const aNode = (name: string, ready: string, more: Partial<Node> = {}): Node => ({
  metadata: meta(name),
  status: {
    allocatable: { cpu: '2', memory: '1Gi' },
    conditions: [{ type: 'Ready', status: ready, reason: 'R', message: 'why' }],
  },
  ...more,
});
const aPod = (
  name: string,
  nodeName: string | undefined,
  status: Pod['status'] = { phase: 'Running' },
): Pod => ({
  metadata: { ...meta(name), namespace: 'default' },
  spec: { nodeName, containers: [{ name: 'c' }] },
  status,
});

describe('the view', () => {
  it('puts pods under their nodes, and those without one apart', () => {
    const view = viewOf(
      {
        nodes: [aNode('pi-10', 'True'), aNode('pi-2', 'Unknown')],
        pods: [aPod('a', 'pi-2'), aPod('b', undefined)],
        metrics: [],
      },
      NOW,
    );
    expect(view.nodes.map(row => [row.name, row.state, row.pods.map(pod => pod.name)])).toEqual([
      ['pi-2', 'notReady', ['a']],
      ['pi-10', 'ready', []],
    ]);
    expect(view.unplaced.map(pod => pod.name)).toEqual(['b']);
    expect(view.readyNodes).toBe(1);
  });

  it('says what ails a node', () => {
    const conditions = [
      { type: 'Ready', status: 'True' },
      { type: 'MemoryPressure', status: 'False', message: 'fine' },
      { type: 'UnderVoltage', status: 'True', message: 'use a better power supply' },
    ];
    const [row] = viewOf(
      { nodes: [aNode('pi', 'True', { status: { conditions } })], pods: [], metrics: [] },
      NOW,
    ).nodes;
    expect(row?.ailments).toEqual(['UnderVoltage: use a better power supply']);
  });

  it('relates usage to what can be used, and says how old it is', () => {
    const usage = { cpu: '500m', memory: '524288Ki', 'pikelet.dev/temperature-celsius': '47250m' };
    const metrics = [{ metadata: { name: 'pi' }, timestamp: '2026-01-01T00:00:58.500Z', usage }];
    const [row] = viewOf({ nodes: [aNode('pi', 'True')], pods: [], metrics }, NOW).nodes;
    expect(row).toMatchObject({
      cpuMilli: { used: 500, total: 2000 },
      memoryBytes: { used: 2 ** 29, total: 2 ** 30 },
      temperatureCelsius: 47.25,
      heartbeatAgo: '1.5 s',
      age: '60s',
    });
  });

  it('says when a lost node was heard last', () => {
    const conditions = [{ type: 'Ready', status: 'Unknown', lastHeartbeatTime: '2026-01-01T00:00:40Z' }];
    const [row] = viewOf(
      { nodes: [aNode('pi', 'Unknown', { status: { conditions } })], pods: [], metrics: [] },
      NOW,
    ).nodes;
    expect(row?.heartbeatAgo).toBe('20s');
  });

  it.each([
    [{ phase: 'Pending' }, 'Pending'],
    [
      {
        containerStatuses: [
          { ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } },
        ],
      },
      'CrashLoopBackOff',
    ],
    [
      { containerStatuses: [{ ready: false, restartCount: 0, state: { terminated: { exitCode: 3 } } }] },
      'ExitCode:3',
    ],
  ])('shows a pod with %j as %s', (status, want) => {
    expect(podStatus(aPod('p', 'n', status))).toBe(want);
  });

  it('writes memory for people', () => {
    expect([formatMemory(2 ** 29), formatMemory(1.5 * 2 ** 30)]).toEqual(['512 MiB', '1.5 GiB']);
  });
});
