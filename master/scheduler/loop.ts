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
import { formatTime } from '../../shared/kubernetes/time.ts';
import { subjectOf } from '../events/event.ts';
import { EventRecorder } from '../events/recorder.ts';
import type { Registry } from '../registry/registry.ts';
import type { LiveView, ViewChange } from '../watch/cluster-view.ts';
import { type Outcome, WorkQueue } from '../watch/work-queue.ts';
import { CONCURRENT_WRITES, CONFLICT_BACKOFF, FAILURE_BACKOFF, PODS_PER_TURN } from './limits.ts';
import { NodeLoads } from './node-loads.ts';
import { awaitsNode, comparePending } from './pending-pods.ts';
import { placePod, type Verdict } from './plan.ts';
import type { UsageView } from './scores/score.ts';

const COMPONENT = 'default-scheduler';

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
  const scheduler = new Scheduler(deps, events);
  await Promise.all([events.run(signal), scheduler.run(signal)]);
}

class Scheduler {
  private readonly deps: SchedulerDeps;
  private readonly events: EventRecorder;
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
  /** Uids of pods whose binding failed, with the error told about it. */
  private readonly failed = new Map<string, string>();
  private wake: () => void = () => {};

  constructor(deps: SchedulerDeps, events: EventRecorder) {
    this.deps = deps;
    this.events = events;
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
      if (verdict.kind === 'bind' || isNews(pod, verdict.message)) this.writes.add(pod.metadata.uid);
    }
  }

  private place(pod: Pod): Verdict {
    const { uid } = pod.metadata;
    const claim = this.loads.claimOf(pod);
    const labelsOf = (name: string) => this.deps.view.get('Namespace', { name })?.metadata.labels ?? {};
    const verdict = placePod({ claim, loads: this.loads.current(), usage: this.deps.usage, labelsOf });
    if (verdict.kind === 'bind') this.loads.assume(claim, verdict.node);
    else this.parked.add(uid);
    this.verdicts.set(uid, verdict);
    return verdict;
  }

  private note(change: ViewChange): void {
    this.loads.note(change);
    if (change.kind === 'Node') this.unpark(() => true);
    if (change.kind !== 'Pod') return;
    const { before, after } = change;
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid)
      this.notePod(before.metadata.uid, undefined);
    if (after !== undefined) this.notePod(after.metadata.uid, after);
    if (before?.spec.nodeName && (after === undefined || (isPodActive(before) && !isPodActive(after))))
      this.unpark(() => true);
    else if (after?.spec.nodeName) this.unpark(pod => pod.spec.affinity?.podAffinity !== undefined);
  }

  private notePod(uid: string, pod: Pod | undefined): void {
    if (pod === undefined || !awaitsNode(pod)) {
      for (const known of [this.pending, this.undecided, this.parked, this.verdicts, this.failed])
        known.delete(uid);
      return;
    }
    const isNew = !this.pending.has(uid);
    this.pending.set(uid, pod);
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
      await (verdict.kind === 'bind'
        ? this.bind(pod, verdict.node)
        : this.tellUnschedulable(pod, verdict.message));
    } catch (error) {
      // What fails because everything ends is no failure to tell of.
      return stop.aborted ? { kind: 'done' } : this.failWrite(pod, verdict, error);
    }
    if (this.verdicts.get(uid) === verdict) this.verdicts.delete(uid);
    this.failed.delete(uid);
    return { kind: 'done' };
  }

  private async bind(pod: Pod, node: string): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    await this.deps.registry.bind({ name, namespace, uid }, node);
    const message = `Successfully assigned ${namespace}/${name} to ${node}`;
    this.tell(pod, { type: 'Normal', reason: 'Scheduled', message });
  }

  private async tellUnschedulable(pod: Pod, message: string): Promise<void> {
    const before = podCondition(pod, 'PodScheduled');
    const isUnchanged = before?.status === 'False' && before.lastTransitionTime !== undefined;
    const lastTransitionTime = isUnchanged ? before.lastTransitionTime : formatTime(this.deps.clock.nowMs());
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime,
    };
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
    const status = { ...pod.status, conditions: [...others, condition] };
    await this.deps.registry.updateStatus('Pod', { ...pod, status });
    this.tell(pod, { type: 'Warning', reason: 'FailedScheduling', message });
  }

  private tell(pod: Pod, event: { type: 'Normal' | 'Warning'; reason: string; message: string }): void {
    this.events.record({ about: subjectOf('Pod', pod), ...event, component: COMPONENT });
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
