/**
 * The scheduling loop: finds pods without a node, places them by the pure plan, and writes bindings behind its back. A pod
 * that fits nowhere is parked until a node or a pod changes in a way that could help it.
 */
import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { Pod } from '../../shared/kubernetes/objects.ts';
import { isPodActive, podCondition } from '../../shared/kubernetes/pod-state.ts';
import { matchesLabelSelector } from '../../shared/kubernetes/selectors.ts';
import { claimNamesOf } from '../../shared/kubernetes/volumes.ts';
import { EventRecorder } from '../events/recorder.ts';
import type { Registry } from '../registry/registry.ts';
import type { LiveView, ViewChange } from '../watch/cluster-view.ts';
import { type Outcome, WorkQueue } from '../watch/work-queue.ts';
import { CONCURRENT_WRITES, CONFLICT_BACKOFF, FAILURE_BACKOFF, PODS_PER_TURN } from './limits.ts';
import { type Claim, type NodeLoad, withClaim } from './node-load.ts';
import { NodeLoads } from './node-loads.ts';
import { awaitsNode, comparePending } from './pending-pods.ts';
import { placePod } from './plan.ts';
import { storageOf } from './pod-storage.ts';
import { type Preemption, planPreemption, priorityOf } from './preemption.ts';
import type { UsageView } from './scores/score.ts';
import { type Verdict, VerdictWriter } from './verdict-writer.ts';

export type SchedulerDeps = {
  readonly view: LiveView;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  readonly usage: UsageView;
};

/** Schedules until aborted; then waits for the writes under way. Rejects when placing a pod throws: that is a bug. */
export async function startScheduler(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const events = new EventRecorder(deps);
  const scheduler = new Scheduler(deps, new VerdictWriter(deps, events));
  await Promise.all([events.run(signal), scheduler.run(signal)]);
}

class Scheduler {
  private readonly deps: SchedulerDeps;
  private readonly writer: VerdictWriter;
  private readonly loads: NodeLoads;
  private readonly writes: WorkQueue;
  /** Every pod that waits for a node, as the view shows it, by uid. */
  private readonly pending = new Map<string, Pod>();
  /** Uids of pending pods to place in the next round. */
  private readonly undecided = new Set<string>();
  /** Uids of pending pods that fit nowhere. */
  private readonly parked = new Set<string>();
  /** Verdicts still to be written. */
  private readonly verdicts = new Map<string, Verdict>();
  /** Where pods are to go once those that they preempt have ended, by uid. */
  private readonly nominated = new Map<string, { readonly claim: Claim; readonly node: string }>();
  /** Uids of pods whose binding failed, with the error told about it. */
  private readonly failed = new Map<string, string>();
  private wake: () => void = () => {};

  constructor(deps: SchedulerDeps, writer: VerdictWriter) {
    this.deps = deps;
    this.writer = writer;
    this.loads = new NodeLoads(deps.view);
    this.writes = new WorkQueue({
      clock: deps.clock,
      random: deps.random,
      concurrency: CONCURRENT_WRITES,
      work: (uid, stop) => this.write(uid, stop),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const unsubscribe = this.deps.view.onChange(change => this.note(change));
    for (const pod of this.deps.view.list('Pod')) this.notePod(pod.metadata.uid, pod);
    try {
      await Promise.all([this.writes.run(signal), this.decide(signal)]);
    } finally {
      unsubscribe();
    }
  }

  private async decide(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.wake(), { once: true });
    while (!signal.aborted) {
      if (this.undecided.size === 0) await new Promise<void>(resolve => (this.wake = resolve));
      this.placeSome();
      await setImmediate();
    }
  }

  private placeSome(): void {
    const pods = [...this.undecided].flatMap(uid => this.pending.get(uid) ?? []);
    for (const pod of pods.sort(comparePending).slice(0, PODS_PER_TURN)) {
      this.undecided.delete(pod.metadata.uid);
      const verdict = this.place(pod);
      const isKnown =
        verdict.kind === 'unschedulable' && !verdict.preemption && !isNews(pod, verdict.message);
      if (!isKnown) this.writes.add(pod.metadata.uid);
    }
  }

  private place(pod: Pod): Verdict {
    const { uid } = pod.metadata;
    // Where it waited for its volumes until now counts no more.
    this.loads.forget(uid);
    const claim = this.loads.claimOf(pod);
    const storage = storageOf(pod, this.deps.view);
    const labelsOf = (name: string) => this.deps.view.get('Namespace', { name })?.metadata.labels ?? {};
    const loads = this.loadsFor(claim);
    const placed = placePod({ claim, loads, usage: this.deps.usage, labelsOf, storage });
    if (placed.kind === 'bind') this.loads.assume(claim, placed.node);
    else this.parked.add(uid);
    const verdict =
      placed.kind === 'bind'
        ? placed
        : { ...placed, preemption: this.preemptionFor({ claim, loads, labelsOf, storage }) };
    this.verdicts.set(uid, verdict);
    return verdict;
  }

  /** With the pods that wait for their place on a node where they have preempted others, unless this one matters more. */
  private loadsFor({ pod }: Claim): readonly NodeLoad[] {
    const loads = this.loads.current();
    const others = [...this.nominated.values()].filter(
      ({ claim }) => claim.pod.metadata.uid !== pod.metadata.uid && priorityOf(claim.pod) >= priorityOf(pod),
    );
    if (others.length === 0) return loads;
    return loads.map(load =>
      others
        .filter(({ node }) => node === load.node.metadata.name)
        .reduce((sum, { claim }) => withClaim(sum, claim), load),
    );
  }

  private preemptionFor(
    input: Omit<Parameters<typeof planPreemption>[0], 'isGuarded'>,
  ): Preemption | undefined {
    const { claim } = input;
    const isGuarded = (pod: Pod) =>
      this.deps.view
        .list('PodDisruptionBudget', pod.metadata.namespace)
        .some(
          ({ spec, status }) =>
            matchesLabelSelector(spec.selector, pod.metadata.labels) &&
            (status?.disruptionsAllowed ?? 0) <= 0,
        );
    const preemption = planPreemption({ ...input, isGuarded });
    if (preemption !== undefined)
      this.nominated.set(claim.pod.metadata.uid, { claim, node: preemption.node });
    return preemption;
  }

  private note(change: ViewChange): void {
    this.loads.note(change);
    if (change.kind === 'Node') this.unpark(() => true);
    this.noteStorage(change);
    if (change.kind !== 'Pod') return;
    const { before, after } = change;
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid)
      this.notePod(before.metadata.uid, undefined);
    if (after !== undefined) this.notePod(after.metadata.uid, after);
    if (before?.spec.nodeName && (after === undefined || (isPodActive(before) && !isPodActive(after))))
      this.unpark(() => true);
    else if (after?.spec.nodeName) this.unpark(pod => pod.spec.affinity?.podAffinity !== undefined);
  }

  /** A claim that was bound concerns the pods that mount it, parked or not; what may come to be bound, all that have claims. */
  private noteStorage({ kind, before, after }: ViewChange): void {
    if (kind === 'PersistentVolume' || kind === 'StorageClass')
      this.unpark(pod => claimNamesOf(pod).length > 0);
    if (kind !== 'PersistentVolumeClaim') return;
    const { namespace, name } = (after ?? before)?.metadata ?? {};
    for (const [uid, pod] of this.pending)
      if (pod.metadata.namespace === namespace && claimNamesOf(pod).includes(name ?? ''))
        this.reconsider(uid);
  }

  private notePod(uid: string, pod: Pod | undefined): void {
    if (pod === undefined || !awaitsNode(pod)) {
      for (const known of [
        this.pending,
        this.undecided,
        this.parked,
        this.verdicts,
        this.nominated,
        this.failed,
      ])
        known.delete(uid);
      return;
    }
    const isNew = !this.pending.has(uid);
    this.pending.set(uid, pod);
    const node = pod.status?.nominatedNodeName;
    if (node) this.nominated.set(uid, { claim: this.loads.claimOf(pod), node });
    if (isNew) this.reconsider(uid);
  }

  private unpark(isHelped: (pod: Pod) => boolean): void {
    for (const uid of this.parked) {
      const pod = this.pending.get(uid);
      if (pod !== undefined && isHelped(pod)) this.reconsider(uid);
    }
  }

  private reconsider(uid: string): void {
    this.parked.delete(uid);
    this.undecided.add(uid);
    this.wake();
  }

  private async write(uid: string, stop: AbortSignal): Promise<Outcome> {
    const pod = this.pending.get(uid);
    if (pod === undefined) return { kind: 'done' };
    const verdict =
      this.failed.has(uid) && !this.verdicts.has(uid) ? this.place(pod) : this.verdicts.get(uid);
    if (verdict === undefined) return { kind: 'done' };
    try {
      await this.writer.write(pod, verdict);
    } catch (error) {
      // What fails because everything ends is no failure to tell of.
      return stop.aborted ? { kind: 'done' } : this.failWrite(pod, verdict, error);
    }
    if (this.verdicts.get(uid) === verdict) this.verdicts.delete(uid);
    this.failed.delete(uid);
    return { kind: 'done' };
  }

  /** A pod whose binding failed is placed anew, for its node may be why; a lost race only means that the view is behind. */
  private failWrite(pod: Pod, verdict: Verdict, error: unknown): Outcome {
    const { uid, name, namespace } = pod.metadata;
    const isLostRace =
      error instanceof ApiError && (error.reason === 'Conflict' || error.reason === 'NotFound');
    const message = String(error);
    if (!isLostRace && this.failed.get(uid) !== message)
      this.deps.logger.warn({ err: error, pod: `${namespace}/${name}` }, 'scheduling a pod failed, retrying');
    this.failed.set(uid, message);
    if (verdict.kind === 'bind') {
      this.loads.forget(uid);
      if (this.verdicts.get(uid) === verdict) this.verdicts.delete(uid);
    }
    return { kind: 'retry', backoff: isLostRace ? CONFLICT_BACKOFF : FAILURE_BACKOFF };
  }
}

function isNews(pod: Pod, message: string): boolean {
  const condition = podCondition(pod, 'PodScheduled');
  return condition?.status !== 'False' || condition.message !== message;
}
