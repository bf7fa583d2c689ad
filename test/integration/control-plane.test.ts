/** Scheduler and controllers over the real store, cache and registry; devices are played by the test. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startControllers } from '../../master/controllers/start.ts';
import { startScheduler } from '../../master/scheduler/loop.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Pod } from '../../shared/kubernetes/objects.ts';
import { isPodActive, isPodReady } from '../../shared/kubernetes/pod-state.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { aDaemonSet, aDeployment, aNode } from '../support/builders.ts';
import { type MemoryCluster, startMemoryCluster } from '../support/memory-cluster.ts';

const ref = { namespace: 'default', name: 'web' };
let cluster: MemoryCluster;
let stop: AbortController;
let running: Promise<unknown>;
let problems: string[];

beforeEach(async () => {
  cluster = await startMemoryCluster();
  stop = new AbortController();
  problems = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void problems.push(line) });
  const { cache: view, registry } = cluster;
  const deps = { view, registry, clock: systemClock, logger, random: Math.random };
  running = Promise.all([
    startControllers({ ...deps, caPem: 'PEM', usage: { podUsage: () => undefined } }, stop.signal),
    startScheduler({ ...deps, usage: { usageOf: () => undefined } }, stop.signal),
  ]);
  for (const name of ['n1', 'n2', 'n3']) await addNode(name);
});

afterEach(async () => {
  stop.abort();
  await running;
  await cluster.stop();
});

async function addNode(name: string) {
  const { kind, apiVersion, spec, status, metadata } = aNode({ name });
  const node = await cluster.registry.create('Node', {
    kind,
    apiVersion,
    spec,
    metadata: { name, labels: metadata.labels },
  });
  await cluster.registry.updateStatus('Node', { ...node, status });
}

async function setReady(name: string, ready: 'True' | 'Unknown') {
  const node = cluster.cache.get('Node', { name });
  if (node === undefined) throw new Error(`no node ${name}`);
  const conditions = [{ type: 'Ready', status: ready, lastTransitionTime: formatTime(Date.now()) }];
  await cluster.registry.updateStatus('Node', { ...node, status: { ...node.status, conditions } });
}

/** Resolves once `holds`; looks again after each change. */
function until(holds: () => boolean): Promise<void> {
  if (holds()) return Promise.resolve();
  return new Promise(resolve => {
    const unsubscribe = cluster.cache.onChange(() => {
      if (!holds()) return;
      unsubscribe();
      resolve();
    });
  });
}

const active = () => cluster.cache.list('Pod').filter(isPodActive);
const placed = () => active().filter(pod => pod.spec.nodeName);

async function makeReady(pod: Pod) {
  const conditions = [
    ...(pod.status?.conditions ?? []),
    { type: 'Ready', status: 'True', lastTransitionTime: formatTime(Date.now()) },
  ];
  await cluster.registry.updateStatus('Pod', {
    ...pod,
    status: { ...pod.status, phase: 'Running', conditions },
  });
}

describe('control plane', () => {
  it('brings a Deployment to its nodes, moves it off a lost one, and cleans up', async () => {
    const { kind, apiVersion, spec } = aDeployment({ spec: { replicas: 6 } });
    await cluster.registry.create('Deployment', { kind, apiVersion, spec, metadata: ref });
    await until(() => placed().length === 6);
    expect(new Set(placed().map(pod => pod.spec.nodeName)).size).toBe(3);
    for (const pod of placed()) await makeReady(pod);
    await until(() => cluster.cache.get('Deployment', ref)?.status?.availableReplicas === 6);

    await setReady('n1', 'Unknown');
    await until(() => placed().length === 6 && placed().every(pod => pod.spec.nodeName !== 'n1'));
    await until(() => !cluster.cache.podsOnNode('n1').some(isPodReady));
    expect(cluster.cache.get('Node', { name: 'n1' })?.spec?.taints).toHaveLength(2);

    await cluster.registry.delete('Node', { name: 'n1' });
    await until(() => cluster.cache.podsOnNode('n1').length === 0);
    await cluster.registry.delete('Deployment', ref);
    await until(() => cluster.cache.list('ReplicaSet').length === 0 && active().length === 0);
    expect(problems).toEqual([]);
  });

  it('runs a DaemonSet on every node, and empties a namespace', async () => {
    await cluster.registry.create('Namespace', {
      kind: 'Namespace',
      apiVersion: 'v1',
      metadata: { name: 'team' },
    });
    const { kind, apiVersion, spec } = aDaemonSet();
    await cluster.registry.create('DaemonSet', {
      kind,
      apiVersion,
      spec,
      metadata: { namespace: 'team', name: 'web' },
    });
    await until(() => placed().length === 3);
    expect(
      placed()
        .map(pod => pod.spec.nodeName)
        .sort(),
    ).toEqual(['n1', 'n2', 'n3']);
    await cluster.registry.delete('Namespace', { name: 'team' });
    await until(() => cluster.cache.list('Pod').every(pod => pod.metadata.deletionTimestamp !== undefined));
    for (const { metadata } of cluster.cache.list('Pod'))
      await cluster.registry.delete('Pod', metadata, { gracePeriodSeconds: 0 });
    await until(() => cluster.cache.get('Namespace', { name: 'team' }) === undefined);
    expect(problems).toEqual([]);
  });
});
