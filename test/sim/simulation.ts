/** A whole control plane over a cluster in memory, in simulated time: deterministic for one seed. */
import { pino } from 'pino';
import { startControllers } from '../../master/controllers/start.ts';
import { startScheduler } from '../../master/scheduler/loop.ts';
import { FakeClock } from '../../shared/clock.ts';
import type { Deployment, Pod, ReplicaSet } from '../../shared/kubernetes/objects.ts';
import { podRequests } from '../../shared/kubernetes/pod-requests.ts';
import { isPodActive, isPodTerminal } from '../../shared/kubernetes/pod-state.ts';
import { controllerOf } from '../../shared/kubernetes/references.ts';
import { aDeployment, aNamespace, aNode, requesting } from '../support/builders.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { FakeKubelets } from './fake-kubelets.ts';

/** One thing that a user or the world does. */
export type Command =
  | { readonly kind: 'apply'; readonly app: number; readonly replicas: number; readonly image: number }
  | { readonly kind: 'delete'; readonly app: number; readonly propagation: 'Background' | 'Foreground' }
  | { readonly kind: 'cut' | 'connect' | 'cordon' | 'uncordon'; readonly node: number }
  | { readonly kind: 'wait'; readonly ms: number };

export const NODES = 4;
/** Just enough for three apps of six pods with their surge, so that capacity matters whenever a node is lost. */
const ALLOCATABLE = { cpu: '600m', memory: '2Gi', pods: '110' };
const NODE_CPU_MILLI = 600;

export class Simulation {
  readonly clock = new FakeClock();
  readonly cluster: FakeCluster;
  /** Broken invariants, as they were seen. */
  readonly faults: string[] = [];
  readonly stopped: Promise<unknown>;
  private readonly stop = new AbortController();
  private readonly kubelets: FakeKubelets;
  /** The largest size that each ReplicaSet ever had, by uid. */
  private readonly largest = new Map<string, number>();
  private nextDeliveryMs = 0;

  constructor(seed: number) {
    const random = seededRandom(seed);
    const { clock } = this;
    const cluster = new FakeCluster({
      nowMs: () => clock.nowMs(),
      deliver: see => void clock.after(this.deliveryDelayMs(random()), see),
    });
    this.cluster = cluster;
    this.kubelets = new FakeKubelets(cluster, clock);
    cluster.view.onChange(change => {
      if (change.kind === 'Pod') this.checkCapacity(change.after?.spec.nodeName);
      if (change.kind === 'Pod' && change.before === undefined) this.checkSize(change.after);
      if (change.kind === 'ReplicaSet' && change.after !== undefined) this.noteSize(change.after);
    });
    cluster.create('Namespace', aNamespace());
    for (let i = 0; i < NODES; i++)
      cluster.create('Node', aNode({ name: `n${i}`, allocatable: ALLOCATABLE }));
    const { view, registry } = cluster;
    const deps = { view, registry, clock, random, logger: pino({ level: 'silent' }) };
    this.stopped = Promise.all([
      startControllers({ ...deps, caPem: 'PEM', usage: { podUsage: () => undefined } }, this.stop.signal),
      startScheduler({ ...deps, usage: { usageOf: () => undefined } }, this.stop.signal),
    ]);
  }

  /** Carries out one command and lets a little time pass. */
  async act(command: Command): Promise<void> {
    switch (command.kind) {
      case 'apply':
        this.apply(command);
        break;
      case 'delete':
        if (this.cluster.now('Deployment').get(refOfApp(command.app)) !== undefined)
          this.cluster.delete('Deployment', refOfApp(command.app), { propagation: command.propagation });
        break;
      case 'cut':
      case 'connect':
        this.kubelets.setConnected(`n${command.node}`, command.kind === 'connect');
        break;
      case 'cordon':
      case 'uncordon':
        this.cordon(`n${command.node}`, command.kind === 'cordon');
        break;
      case 'wait':
        await this.clock.advance(command.ms);
    }
    await this.clock.advance(50);
  }

  /** Every device comes back, every cordon is lifted, and time passes. */
  async heal(ms: number): Promise<void> {
    for (let i = 0; i < NODES; i++) {
      this.kubelets.setConnected(`n${i}`, true);
      await this.clock.advance(200);
      this.cordon(`n${i}`, false);
    }
    await this.clock.advance(ms);
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.stopped;
  }

  private apply({ app, replicas, image }: { app: number; replicas: number; image: number }): void {
    const ref = refOfApp(app);
    const labels = { app: ref.name };
    const asked = requesting('100m', '32Mi').containers.map(container => ({
      ...container,
      image: `v${image}`,
    }));
    const spec: Deployment['spec'] = {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: asked } },
    };
    const current = this.cluster.now('Deployment').get(ref);
    if (current === undefined) this.cluster.create('Deployment', aDeployment({ name: ref.name, spec }));
    else if (current.metadata.deletionTimestamp === undefined)
      this.cluster.update('Deployment', { ...current, spec });
  }

  private cordon(name: string, unschedulable: boolean): void {
    const node = this.cluster.now('Node').get({ name });
    if (node !== undefined) this.cluster.update('Node', { ...node, spec: { ...node.spec, unschedulable } });
  }

  /** Changes reach the view in order, each a little late. */
  private deliveryDelayMs(random: number): number {
    const atMs = Math.max(this.nextDeliveryMs, this.clock.nowMs() + random * 20);
    this.nextDeliveryMs = atMs;
    return atMs - this.clock.nowMs();
  }

  private noteSize({ metadata: { uid }, spec: { replicas = 1 } }: ReplicaSet): void {
    this.largest.set(uid, Math.max(replicas, this.largest.get(uid) ?? 0));
  }

  /** A ReplicaSet that did not wait for its own writes would make pods twice. */
  private checkSize(pod: Pod | undefined): void {
    const owner = pod === undefined ? undefined : controllerOf(pod)?.uid;
    if (owner === undefined) return;
    const active = this.cluster.view.ownedBy('Pod', owner).filter(isPodActive).length;
    if (active > (this.largest.get(owner) ?? 0)) this.faults.push(`a ReplicaSet has ${active} pods`);
  }

  private checkCapacity(node: string | undefined): void {
    if (node === undefined) return;
    const pods = this.cluster
      .now('Pod')
      .list()
      .filter(pod => pod.spec.nodeName === node && !isPodTerminal(pod));
    const cpu = pods.reduce((sum, pod) => sum + (podRequests(pod.spec).cpu ?? 0), 0);
    if (cpu > NODE_CPU_MILLI) this.faults.push(`${node} is over capacity`);
  }
}

function refOfApp(app: number): { namespace: string; name: string } {
  return { namespace: 'default', name: `app-${app}` };
}

/** mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
