import { describe, expect, test } from 'vitest';
import type { Node, Pod, PodStatus } from '../../shared/kubernetes/objects.ts';
import type { NodeReport } from '../../shared/protocol/messages.ts';
import { foldNodeLabels, foldNodeStatus, type NodeFacts } from './fold-node.ts';
import { foldPod } from './fold-pod.ts';

const NOW_MS = Date.UTC(2026, 5, 1, 12, 0, 0);
/** The device thinks it is 1970. */
const SHIFT_MS = NOW_MS - 3_600_000;
const times = { nowMs: NOW_MS, shiftMs: SHIFT_MS };
const meta = { name: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

function aPod(status: PodStatus = {}, metadata: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta, ...metadata },
    spec: { containers: [] },
    status,
  };
}

function statusAfter(current: PodStatus, reported: PodStatus): PodStatus | undefined {
  const write = foldPod(aPod(current), { uid: 'u', status: reported }, times);
  return write?.kind === 'status' ? write.pod.status : undefined;
}

const runningContainer = (startedAt: string, containerID = 'docker://1') => ({
  name: 'main',
  image: 'img',
  imageID: '',
  containerID,
  ready: true,
  restartCount: 0,
  state: { running: { startedAt } },
});

describe('foldPod', () => {
  test('what others wrote stays, what the agent says replaces', () => {
    const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-06-01T11:00:00Z' };
    const status = statusAfter(
      { phase: 'Pending', qosClass: 'Burstable', reason: 'Old', conditions: [scheduled] },
      { phase: 'Running', podIP: '10.1.0.2', conditions: [{ type: 'Ready', status: 'True' }] },
    );
    expect(status).toMatchObject({ phase: 'Running', qosClass: 'Burstable', podIP: '10.1.0.2' });
    expect(status?.reason).toBeUndefined();
    expect(status?.conditions).toEqual([
      scheduled,
      { type: 'Ready', status: 'True', lastTransitionTime: '2026-06-01T12:00:00Z' },
    ]);
  });

  test.each([
    { name: 'forward', current: 'Pending', reported: 'Running', want: 'Running' },
    { name: 'not back', current: 'Running', reported: 'Pending', want: 'Running' },
    { name: 'to an end', current: 'Running', reported: 'Failed', want: 'Failed' },
  ])('a phase moves $name', ({ current, reported, want }) => {
    const status = statusAfter({ phase: current }, { phase: reported, podIP: '10.1.0.2' });
    expect(status?.phase).toBe(want);
  });

  test('a finished pod stays as it finished', () => {
    expect(statusAfter({ phase: 'Succeeded' }, { phase: 'Running', podIP: '10.1.0.2' })).toBeUndefined();
  });

  test('times become the master’s, and stay when the device’s clock jumps', () => {
    const first = statusAfter(
      {},
      {
        phase: 'Running',
        startTime: '1970-01-01T00:59:00Z',
        containerStatuses: [runningContainer('1970-01-01T00:59:30Z')],
      },
    );
    expect(first?.startTime).toBe('2026-06-01T11:59:00Z');
    expect(first?.containerStatuses?.[0]?.state?.running?.startedAt).toBe('2026-06-01T11:59:30Z');
    const jumped = foldPod(
      aPod(first),
      {
        uid: 'u',
        status: {
          phase: 'Running',
          startTime: '1970-01-01T00:59:00Z',
          containerStatuses: [runningContainer('1970-01-01T00:59:30Z')],
        },
      },
      { nowMs: NOW_MS + 60_000, shiftMs: 0 },
    );
    expect(jumped).toBeUndefined();
  });

  test('a container that ended keeps its start; the next one has its own', () => {
    const first =
      statusAfter({}, { phase: 'Running', containerStatuses: [runningContainer('1970-01-01T00:59:30Z')] }) ??
      {};
    const terminated = {
      exitCode: 1,
      containerID: 'docker://1',
      startedAt: '1970-01-01T00:59:31Z',
      finishedAt: '1970-01-01T01:00:00Z',
    };
    const next = statusAfter(first, {
      phase: 'Running',
      containerStatuses: [
        { ...runningContainer('1970-01-01T01:00:01Z', 'docker://2'), lastState: { terminated } },
      ],
    });
    const [container] = next?.containerStatuses ?? [];
    expect(container?.lastState?.terminated).toMatchObject({
      startedAt: '2026-06-01T11:59:30Z',
      finishedAt: '2026-06-01T12:00:00Z',
    });
    expect(container?.state?.running?.startedAt).toBe('2026-06-01T12:00:01Z');
  });

  test('gone deletes only what is being deleted', () => {
    const report = { uid: 'u', status: {}, gone: true };
    expect(foldPod(aPod(), report, times)).toBeUndefined();
    const deleted = aPod({}, { deletionTimestamp: '2026-06-01T12:00:00Z' });
    expect(foldPod(deleted, report, times)).toEqual({ kind: 'delete', pod: deleted });
  });
});

describe('foldNode', () => {
  const report: NodeReport = {
    labels: { 'kubernetes.io/arch': 'arm64' },
    capacity: { cpu: '4' },
    allocatable: { cpu: '4' },
    nodeInfo: {
      architecture: 'arm64',
      bootID: '',
      containerRuntimeVersion: '',
      kernelVersion: '',
      kubeProxyVersion: '',
      kubeletVersion: '',
      machineID: '',
      operatingSystem: 'linux',
      osImage: '',
      systemUUID: '',
    },
    addresses: [],
    conditions: [{ type: 'MemoryPressure', status: 'False', reason: 'Enough', message: '' }],
  };
  const alive: NodeFacts = { report, link: 'alive', hasClone: false };
  const lost: NodeFacts = { ...alive, link: 'lost' };
  const fresh: Node = { apiVersion: 'v1', kind: 'Node', metadata: meta };
  const fold = (node: Node, facts: NodeFacts, nowMs = NOW_MS) => foldNodeStatus(node, facts, nowMs);
  const conditionsOf = (node: Node | undefined) =>
    node?.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`);

  test('ready, lost and back: one write each, none between', () => {
    const ready = fold(fresh, alive);
    expect(conditionsOf(ready)).toEqual(['MemoryPressure False Enough', 'Ready True AgentReady']);
    if (ready === undefined) return;
    expect(fold(ready, alive, NOW_MS + 60_000)).toBeUndefined();
    const gone = fold(ready, lost, NOW_MS + 60_000);
    expect(gone?.status?.conditions?.at(-1)).toEqual({
      type: 'Ready',
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'agent stopped posting heartbeats',
      lastHeartbeatTime: '2026-06-01T12:01:00Z',
      lastTransitionTime: '2026-06-01T12:01:00Z',
    });
    expect(gone?.status?.capacity).toEqual({ cpu: '4' });
    if (gone === undefined) return;
    expect(fold(gone, lost, NOW_MS + 120_000)).toBeUndefined();
    expect(conditionsOf(fold(gone, alive))).toContain('Ready True AgentReady');
  });

  test.each<{ name: string; facts: NodeFacts }>([
    { name: 'just after the start of the master', facts: { ...alive, link: 'unknown' } },
    { name: 'served, but not reported yet', facts: { ...alive, report: undefined } },
  ])('$name: nothing changes', ({ facts }) => {
    const ready = fold(fresh, alive);
    expect(ready && fold(ready, facts)).toBeUndefined();
    expect(fold(fresh, facts)?.status?.conditions ?? []).toEqual([]);
  });

  test('a node that never came is not lost', () => {
    expect(conditionsOf(fold(fresh, lost)) ?? []).toEqual([]);
  });

  test('a clone, and its end', () => {
    const cloned = fold(fresh, { ...alive, hasClone: true });
    expect(conditionsOf(cloned)).toContain('IdentityConflict True TwoDevices');
    expect(cloned && conditionsOf(fold(cloned, alive))).toContain('IdentityConflict False OneDevice');
  });

  test('a clock that is wrong, which way, and until it is right', () => {
    const skewed = (clockSkewMs: number, node = fresh) => fold(node, { ...alive, clockSkewMs });
    expect(conditionsOf(skewed(20_000))).toContain('ClockSkewed False ClockInStep');
    expect(conditionsOf(skewed(31_000))).toContain('ClockSkewed True ClockAhead');
    const behind = skewed(-3 * 3_600_000);
    expect(conditionsOf(behind)).toContain('ClockSkewed True ClockBehind');
    expect(behind?.status?.conditions?.find(({ type }) => type === 'ClockSkewed')?.message).toContain(
      'about 3h behind',
    );
    expect(behind && skewed(-3 * 3_600_000 + 900, behind)).toBeUndefined();
    expect(conditionsOf(skewed(-20_000, behind))).toContain('ClockSkewed True ClockBehind');
    expect(conditionsOf(skewed(-100, behind))).toContain('ClockSkewed False ClockInStep');
  });

  test('labels are added, others stay', () => {
    const labelled = { ...fresh, metadata: { ...meta, labels: { zone: 'attic' } } };
    const node = foldNodeLabels(labelled, alive);
    expect(node?.metadata.labels).toEqual({ zone: 'attic', 'kubernetes.io/arch': 'arm64' });
    expect(node && foldNodeLabels(node, alive)).toBeUndefined();
  });

  test('labels of what was unplugged go, once the agent has spoken', () => {
    const labels = { 'devices.pikelet.dev/gpiochip': 'true', zone: 'attic', 'kubernetes.io/arch': 'arm64' };
    const labelled = { ...fresh, metadata: { ...meta, labels } };
    expect(foldNodeLabels(labelled, { ...alive, report: undefined })).toBeUndefined();
    const node = foldNodeLabels(labelled, alive);
    expect(node?.metadata.labels).toEqual({ zone: 'attic', 'kubernetes.io/arch': 'arm64' });
  });
});
