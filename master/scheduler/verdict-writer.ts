/** Writes what was decided of a pod: its node, or why it has none, and the end of the pods that it preempts. */
import type { Clock } from '../../shared/clock.ts';
import type { Pod } from '../../shared/kubernetes/objects.ts';
import { podCondition } from '../../shared/kubernetes/pod-state.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { subjectOf } from '../events/event.ts';
import type { EventRecorder } from '../events/recorder.ts';
import type { Registry } from '../registry/registry.ts';
import type { LiveView } from '../watch/cluster-view.ts';
import type { Verdict as Placement } from './plan.ts';
import type { Preemption } from './preemption.ts';
import { selectVolumes } from './select-volumes.ts';

const COMPONENT = 'default-scheduler';

export type Unschedulable = Extract<Placement, { kind: 'unschedulable' }> & {
  readonly preemption?: Preemption;
};
export type Verdict = Extract<Placement, { kind: 'bind' }> | Unschedulable;

export type VerdictWriterDeps = {
  readonly view: LiveView;
  readonly registry: Registry;
  readonly clock: Clock;
};

export class VerdictWriter {
  private readonly deps: VerdictWriterDeps;
  private readonly events: EventRecorder;

  constructor(deps: VerdictWriterDeps, events: EventRecorder) {
    this.deps = deps;
    this.events = events;
  }

  /** Rejects with what the registry answers. */
  async write(pod: Pod, verdict: Verdict): Promise<void> {
    await (verdict.kind === 'bind' ? this.bind(pod, verdict) : this.tellUnschedulable(pod, verdict));
  }

  private async bind(pod: Pod, { node, selections }: Extract<Verdict, { kind: 'bind' }>): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    if (selections.length > 0) {
      // It is placed again as its claims change, and bound once none is left.
      await selectVolumes(this.deps.registry, selections, node);
      return;
    }
    await this.deps.registry.bind({ name, namespace, uid }, node);
    const message = `Successfully assigned ${namespace}/${name} to ${node}`;
    this.tell(pod, { type: 'Normal', reason: 'Scheduled', message });
  }

  private async tellUnschedulable(pod: Pod, { message, preemption }: Unschedulable): Promise<void> {
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
    const nominated = preemption === undefined ? {} : { nominatedNodeName: preemption.node };
    const status = { ...pod.status, ...nominated, conditions: [...others, condition] };
    await this.deps.registry.updateStatus('Pod', { ...pod, status });
    this.tell(pod, { type: 'Warning', reason: 'FailedScheduling', message });
    if (preemption !== undefined) await this.preempt(pod, preemption);
  }

  private async preempt({ metadata: { uid } }: Pod, { node, victims }: Preemption): Promise<void> {
    const { registry, view, clock } = this.deps;
    for (const { metadata } of victims) {
      const victim = view.get('Pod', metadata);
      if (victim?.metadata.uid !== metadata.uid || victim.metadata.deletionTimestamp !== undefined) continue;
      const condition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: `${COMPONENT}: preempting to accommodate a higher priority pod`,
        lastTransitionTime: formatTime(clock.nowMs()),
      };
      const others = (victim.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
      const status = { ...victim.status, conditions: [...others, condition] };
      await registry.updateStatus('Pod', { ...victim, status });
      await registry.delete('Pod', metadata, { uid: metadata.uid });
      this.tell(victim, {
        type: 'Normal',
        reason: 'Preempted',
        message: `Preempted by pod ${uid} on node ${node}`,
      });
    }
  }

  private tell(pod: Pod, event: { type: 'Normal' | 'Warning'; reason: string; message: string }): void {
    this.events.record({ about: subjectOf('Pod', pod), ...event, component: COMPONENT });
  }
}
