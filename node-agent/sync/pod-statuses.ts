/** The last status of each pod, and which of them changed. */
import type { Clock } from '../../shared/clock.ts';
import type { EventReport, PodReport } from '../../shared/protocol/messages.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import type { WantedPod } from './desired-set.ts';
import type { SyncMemory } from './memory.ts';
import { endedStatus, goneStatus, podStatus } from './pod-status.ts';
import { statusEvents } from './status-events.ts';

export class PodStatuses {
  private readonly reports = new Map<string, PodReport>();
  private readonly texts = new Map<string, string>();

  /** The reports as they stand, by uid; pods whose document has not come are not among them. */
  get current(): ReadonlyMap<string, PodReport> {
    return this.reports;
  }

  /** Computes all statuses anew. Answers the uids of those that changed; forgets pods that are not wanted. */
  update(
    world: {
      readonly wanted: readonly WantedPod[];
      readonly containers: readonly RuntimeContainer[];
      readonly gone: ReadonlySet<string>;
      readonly memory: SyncMemory;
      readonly hostIp: string;
    },
    clock: Clock,
    emit: (event: EventReport) => void,
  ): readonly string[] {
    const { wanted, gone, ...rest } = world;
    const uids = new Set(wanted.map(pod => pod.uid));
    for (const uid of [...this.reports.keys()]) if (!uids.has(uid)) this.forget(uid);
    const times = { nowMs: clock.monotonicMs(), wallMs: clock.nowMs() };
    return wanted.flatMap(pod => {
      const held = this.reports.get(pod.uid);
      if (gone.has(pod.uid)) {
        if (held?.gone) return [];
        return this.store({ uid: pod.uid, status: goneStatus(held?.status, times.wallMs), gone: true });
      }
      const end = rest.memory.ended.get(pod.uid);
      if (end) return this.store({ uid: pod.uid, status: endedStatus(held?.status, end) });
      // The master knows its end, and nothing here could tell it better.
      if (pod.ended) return [];
      const isCleared = !rest.containers.some(({ labels }) => labels.podUid === pod.uid);
      // Its files are still to go: what was said of its containers last is the last of them.
      if (pod.terminateWithinSeconds !== undefined && held && isCleared) return [];
      const status = podStatus({ ...rest, ...times, wanted: pod, before: held?.status });
      if (!status) return [];
      if (pod.document) statusEvents(pod.document, held?.status, status).forEach(emit);
      return this.store({ uid: pod.uid, status });
    });
  }

  private store(report: PodReport): readonly string[] {
    const text = JSON.stringify(report);
    if (this.texts.get(report.uid) === text) return [];
    this.texts.set(report.uid, text);
    this.reports.set(report.uid, report);
    return [report.uid];
  }

  private forget(uid: string): void {
    this.reports.delete(uid);
    this.texts.delete(uid);
  }
}
