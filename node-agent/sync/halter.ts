/** Stops all pods because the device shuts down: says whose turn it is, look by look, and tells when nothing runs any more. */
import { type Clock, pause } from '../../shared/clock.ts';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { DEFAULT_GRACE_SECONDS } from '../limits.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import type { WantedPod } from './desired-set.ts';
import type { SyncMemory } from './memory.ts';
import type { PodEnd } from './pod-end.ts';
import { podsToHalt, type Shutdown, type ShutdownPeriods, shutdownFrom } from './shutdown.ts';

export type HalterDeps = {
  readonly clock: Clock;
  readonly memory: SyncMemory;
  readonly phaseOf: (uid: string) => string | undefined;
  /** Ends a pod for good. */
  readonly end: (uid: string, end: Omit<PodEnd, 'wallMs'>) => void;
};

export class Halter {
  private readonly deps: HalterDeps;
  private shutdown: Shutdown | undefined;
  private onHalted: () => void = () => {};

  constructor(deps: HalterDeps) {
    this.deps = deps;
  }

  /** Begins. Resolves when `halted` is called, when the time of all pods is over, or when aborted. */
  async halt(periods: ShutdownPeriods, signal: AbortSignal): Promise<void> {
    const { clock } = this.deps;
    this.shutdown = shutdownFrom(clock.monotonicMs(), periods);
    const late = new AbortController();
    const halted = new Promise<void>(resolve => {
      this.onHalted = resolve;
    });
    const isOver = pause(clock, periods.graceSeconds * 1000, AbortSignal.any([late.signal, signal]));
    await Promise.race([halted, isOver]);
    late.abort();
  }

  /** Nothing runs, or nothing can be stopped. */
  halted(): void {
    this.onHalted();
  }

  /** When the turn of the critical pods comes at the latest, by the monotonic clock; undefined when nothing waits for that. */
  get wakeAtMs(): number | undefined {
    const turnMs = this.shutdown?.ordinaryUntilMs;
    return turnMs !== undefined && turnMs > this.deps.clock.monotonicMs() ? turnMs : undefined;
  }

  /** Marks those whose turn it is: pods that always restart will do so after the boot, the others have failed. */
  mark(wanted: readonly WantedPod[], containers: readonly RuntimeContainer[]): void {
    const { shutdown } = this;
    const { clock, memory, phaseOf, end } = this.deps;
    if (!shutdown) return;
    const due = podsToHalt({ shutdown, wanted, containers, nowMs: clock.monotonicMs() });
    for (const { uid, document, ended, terminateWithinSeconds } of wanted) {
      const untilMs = due.get(uid);
      if (untilMs === undefined || memory.halting.has(uid)) continue;
      memory.halting.set(uid, untilMs);
      const phase = phaseOf(uid);
      const hasEnded = ended || memory.ended.has(uid) || phase === 'Succeeded' || phase === 'Failed';
      if (!document || hasEnded || terminateWithinSeconds !== undefined) continue;
      if (document.spec.restartPolicy !== 'Always') end(uid, terminatedByShutdown(document));
    }
  }
}

/** The words are the kubelet's. */
function terminatedByShutdown({ spec }: PodDocument): Omit<PodEnd, 'wallMs'> {
  return {
    reason: 'Terminated',
    message: 'Pod was terminated in response to imminent node shutdown.',
    graceSeconds: spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS,
  };
}
