/**
 * Runs the probes of this node's containers, each on its own beat, and keeps their verdicts. Costs nothing while no pod has
 * any. It decides nothing about a container: the verdicts are for the plan and the status to read.
 */
import type { Clock } from '../../shared/clock.ts';
import type { EventReport } from '../../shared/protocol/messages.ts';
import { COMPLAINT_INTERVAL_MS, COMPLAINTS_BURST, PROBES_AT_ONCE_MAX } from './limits.ts';
import {
  newProbeState,
  nextDueMs,
  nextProbeState,
  type Outcome,
  type ProbeState,
  probeTiming,
} from './probe-state.ts';
import type { ProbeTarget } from './probe-targets.ts';
import type { ProbeResult } from './run-probe.ts';
import { Slots } from './slots.ts';
import type { ProbeKind, Verdicts } from './verdicts.ts';

export type ProberDeps = {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** By container id; written here alone. */
  readonly verdicts: Map<string, Verdicts>;
  /** Runs a probe once, within its timeout; rejects with the signal's reason when aborted. */
  readonly run: (target: ProbeTarget, signal: AbortSignal) => Promise<ProbeResult>;
  readonly emit: (event: EventReport) => void;
  /** A verdict has changed. */
  readonly onVerdict: () => void;
};

type Worker = { target: ProbeTarget; readonly stop: AbortController };

const TITLES: Readonly<Record<ProbeKind, string>> = {
  startup: 'Startup',
  liveness: 'Liveness',
  readiness: 'Readiness',
};

export class Prober {
  private readonly deps: ProberDeps;
  private readonly workers = new Map<string, Worker>();
  private readonly slots = new Slots(PROBES_AT_ONCE_MAX);
  private readonly sinceMs: number;

  constructor(deps: ProberDeps) {
    this.deps = deps;
    this.sinceMs = deps.clock.monotonicMs();
  }

  /** From now on these probes are run, until the next call or the end of `signal`. */
  update(targets: readonly ProbeTarget[], signal: AbortSignal): void {
    if (targets.length === 0 && this.workers.size === 0) return;
    const wanted = new Map(targets.map(target => [`${target.containerId}/${target.kind}`, target]));
    for (const [key, worker] of this.workers) {
      const target = wanted.get(key);
      if (target) worker.target = target;
      else {
        worker.stop.abort();
        this.workers.delete(key);
      }
    }
    for (const [key, target] of wanted) if (!this.workers.has(key)) this.begin(key, target, signal);
  }

  private begin(key: string, target: ProbeTarget, signal: AbortSignal): void {
    const worker: Worker = { target, stop: new AbortController() };
    this.workers.set(key, worker);
    const onAbort = () => worker.stop.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    worker.stop.signal.addEventListener('abort', () => signal.removeEventListener('abort', onAbort));
    void this.beat(worker);
  }

  /** Ends when the worker is stopped. */
  private async beat(worker: Worker): Promise<void> {
    const { clock, verdicts, run } = this.deps;
    const { signal } = worker.stop;
    const { containerId, kind } = worker.target;
    const complaints = new Complaints(clock);
    let state = newProbeState(verdicts.get(containerId)?.[kind]);
    let dueMs = clock.monotonicMs() + this.firstDelayMs(worker.target);
    while (!signal.aborted) {
      try {
        await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), signal);
        const result = await this.slots.use(() => run(worker.target, signal), signal);
        if (signal.aborted) return;
        this.complain(worker.target, result, complaints);
        state = this.take(worker.target, state, result);
      } catch (error) {
        if (!signal.aborted) throw error;
        return;
      }
      dueMs = nextDueMs(dueMs, probeTiming(worker.target.probe).periodMs, clock.monotonicMs());
    }
  }

  /** What is left of the initial delay; soon after the agent's own start at a moment of chance, as in the kubelet: not all at once. */
  private firstDelayMs({ probe, startedAtMs }: ProbeTarget): number {
    const { clock, random } = this.deps;
    const { initialDelayMs, periodMs } = probeTiming(probe);
    const ranForMs = Math.max(0, clock.nowMs() - startedAtMs);
    const ageMs = clock.monotonicMs() - this.sinceMs;
    const isAdopted = ranForMs > ageMs && ageMs < periodMs;
    return Math.max(0, initialDelayMs - ranForMs, isAdopted ? random() * periodMs : 0);
  }

  private take({ containerId, kind, probe }: ProbeTarget, state: ProbeState, { kind: result }: ProbeResult) {
    if (result === 'unknown') return state;
    const answer: Outcome = result === 'failure' ? 'failure' : 'success';
    const next = nextProbeState(state, answer, probeTiming(probe));
    if (next.verdict !== undefined && next.verdict !== state.verdict)
      this.judge(containerId, kind, next.verdict);
    return next;
  }

  private judge(containerId: string, kind: ProbeKind, verdict: Outcome): void {
    const { verdicts, clock, onVerdict } = this.deps;
    const { readySinceMs, ...held } = verdicts.get(containerId) ?? {};
    const since = kind !== 'readiness' ? readySinceMs : verdict === 'success' ? clock.nowMs() : undefined;
    verdicts.set(containerId, {
      ...held,
      [kind]: verdict,
      ...(since === undefined ? {} : { readySinceMs: since }),
    });
    onVerdict();
  }

  private complain(target: ProbeTarget, { kind, output }: ProbeResult, complaints: Complaints): void {
    if (kind === 'success' || (kind === 'unknown' && output === '')) return;
    if (!complaints.mayComplain()) return;
    const { document, container } = target;
    const isInit = document.spec.initContainers?.some(({ name }) => name === container.name);
    const how = kind === 'warning' ? 'warning' : kind === 'failure' ? 'failed' : 'errored';
    this.deps.emit({
      podUid: document.uid,
      type: 'Warning',
      reason: kind === 'warning' ? 'ProbeWarning' : 'Unhealthy',
      message: `${TITLES[target.kind]} probe ${how}: ${output}`,
      fieldPath: `spec.${isInit ? 'initContainers' : 'containers'}{${container.name}}`,
    });
  }
}

/** A bucket of events: each is a message to the master and a write there. */
class Complaints {
  private left = COMPLAINTS_BURST;
  private readonly clock: Clock;
  private filledMs: number;

  constructor(clock: Clock) {
    this.clock = clock;
    this.filledMs = clock.monotonicMs();
  }

  mayComplain(): boolean {
    const grown = Math.floor((this.clock.monotonicMs() - this.filledMs) / COMPLAINT_INTERVAL_MS);
    this.left = Math.min(COMPLAINTS_BURST, this.left + grown);
    this.filledMs += grown * COMPLAINT_INTERVAL_MS;
    if (this.left === 0) return false;
    this.left--;
    return true;
  }
}
