import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import type { NodeReport, PodReport, Report } from '../../shared/protocol/messages.ts';
import { Reporter } from './reporter.ts';

const NODE: NodeReport = {
  labels: {},
  capacity: {},
  allocatable: {},
  nodeInfo: {
    architecture: '',
    bootID: '',
    containerRuntimeVersion: '',
    kernelVersion: '',
    kubeProxyVersion: '',
    kubeletVersion: '',
    machineID: '',
    operatingSystem: '',
    osImage: '',
    systemUUID: '',
  },
  addresses: [],
  conditions: [],
};

let clock: FakeClock;
let pods: Map<string, PodReport> | undefined;
let generation: number;
let removedVolumes: string[];
let sent: Report[];
let isLinkUp: boolean;
let reporter: Reporter;
let stop: AbortController;

beforeEach(() => {
  clock = new FakeClock();
  pods = new Map();
  generation = 1;
  sent = [];
  isLinkUp = true;
  stop = new AbortController();
  removedVolumes = [];
  reporter = new Reporter({
    clock,
    log: pino({ level: 'silent' }),
    epoch: 'e1',
    pods: () => pods,
    observed: () => ({ incarnation: 1, generation }),
    removedVolumes: () => removedVolumes,
    send: async payload => {
      if (!isLinkUp) throw new Error('lost');
      sent.push(JSON.parse(payload));
    },
  });
  void reporter.run(stop.signal);
});
afterEach(() => stop.abort());

function setPhase(uid: string, phase: string): void {
  pods?.set(uid, { uid, status: { phase } });
  reporter.markPods([uid]);
}

it('begins a session with everything, then says only what changed', async () => {
  setPhase('a', 'Running');
  setPhase('b', 'Pending');
  reporter.setNode(NODE);
  await clock.advance(100);
  expect(sent).toEqual([]);
  reporter.online();
  await clock.advance(100);
  expect(sent).toMatchObject([{ full: true, sequence: 0, observed: { generation: 1 }, node: {} }]);
  expect(sent[0]?.pods.map(({ uid }) => uid)).toEqual(['a', 'b']);
  setPhase('b', 'Running');
  await clock.advance(100);
  expect(sent[1]).toMatchObject({
    full: false,
    sequence: 1,
    pods: [{ uid: 'b', status: { phase: 'Running' } }],
  });
  expect(sent[1]?.node).toBeUndefined();
  reporter.markPods([]);
  await clock.advance(100);
  expect(sent).toHaveLength(2);
});

it('says the first change at once and the following together, newest only', async () => {
  reporter.online();
  await clock.advance(100);
  setPhase('a', 'Pending');
  await clock.advance(0);
  setPhase('a', 'Running');
  setPhase('a', 'Failed');
  await clock.advance(0);
  const phases = () => sent.slice(1).map(report => report.pods.map(({ status }) => status.phase));
  expect(phases()).toEqual([['Pending']]);
  await clock.advance(50);
  expect(phases()).toEqual([['Pending'], ['Failed']]);
});

it('says that it works towards another set even if no pod changed', async () => {
  reporter.online();
  await clock.advance(100);
  generation = 2;
  reporter.markPods([]);
  await clock.advance(100);
  expect(sent.at(-1)).toMatchObject({ observed: { generation: 2 }, pods: [] });
});

it('calls a report full only once the pods are known', async () => {
  pods = undefined;
  reporter.setNode(NODE);
  reporter.online();
  await clock.advance(100);
  expect(sent).toMatchObject([{ full: false, node: {} }]);
  pods = new Map();
  reporter.markPods([]);
  await clock.advance(100);
  expect(sent.at(-1)).toMatchObject({ full: true, pods: [] });
});

it('keeps events over a lost link, the newest ones, and says all else anew', async () => {
  reporter.online();
  await clock.advance(100);
  isLinkUp = false;
  for (let i = 0; i < 300; i++) reporter.addEvent({ type: 'Normal', reason: `r${i}`, message: 'm' });
  setPhase('a', 'Running');
  await clock.advance(1000);
  isLinkUp = true;
  reporter.offline();
  reporter.online();
  await clock.advance(1000);
  const events = sent.slice(1).flatMap(report => report.events ?? []);
  expect(events).toHaveLength(256);
  expect(events[0]?.reason).toBe('r44');
  expect(events.at(-1)?.reason).toBe('r299');
  expect(sent[1]).toMatchObject({ full: true, pods: [{ uid: 'a' }] });
});

it('says once in a session which volumes are gone', async () => {
  removedVolumes = ['pvc-1'];
  reporter.online();
  await clock.advance(100);
  reporter.markPods([]);
  await clock.advance(100);
  expect(sent.map(report => report.removedVolumes)).toEqual([['pvc-1']]);
  removedVolumes = ['pvc-1', 'pvc-2'];
  reporter.markPods([]);
  await clock.advance(100);
  expect(sent.at(-1)?.removedVolumes).toEqual(['pvc-1', 'pvc-2']);
});
