/** The steps under way: one per key, each abortable, a failed one not before its rest. */
import type { Logger } from 'pino';
import { backoffDelayMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { CREATE_BACKOFF } from '../limits.ts';
import { RuntimeError } from '../runtime/container-runtime.ts';
import { type Step, stepKey } from './steps.ts';

type Running = { readonly step: Step; readonly abort: AbortController; readonly sinceMs: number };

/** Plans round what is left of a grace period up to whole seconds: an end that is earlier by less is the same. */
const EARLIER_BY_MS = 1000;

export class RunningSteps {
  private readonly running = new Map<string, Running>();
  private readonly resting = new Map<string, { readonly failures: number; readonly untilMs: number }>();
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly execute: (step: Step, signal: AbortSignal) => Promise<void>;

  constructor(deps: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly execute: (step: Step, signal: AbortSignal) => Promise<void>;
  }) {
    this.clock = deps.clock;
    this.log = deps.log;
    this.execute = deps.execute;
  }

  /** What is under way. */
  keys(): ReadonlySet<string> {
    return new Set(this.running.keys());
  }

  /** True while something other than a pull is done for the pod. */
  isBusyWith(uid: string): boolean {
    return [...this.running.values()].some(
      ({ step }) => step.kind !== 'remove-volume' && step.kind !== 'pull' && step.uid === uid,
    );
  }

  /** When the first step that failed may be tried again; undefined when none rests. */
  get wakeAtMs(): number | undefined {
    const nowMs = this.clock.monotonicMs();
    const times = [...this.resting.values()].flatMap(({ untilMs }) => (untilMs > nowMs ? [untilMs] : []));
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /**
   * Starts those of `steps` that nothing excludes: `seenBusy` are the keys that were busy when their world was looked at.
   * A stop takes the place of a start whose hook still runs, and of a stop that would end later. `onEnd` is called as each ends.
   */
  begin(
    steps: readonly Step[],
    seenBusy: ReadonlySet<string>,
    signal: AbortSignal,
    onEnd: (step: Step) => void,
  ): void {
    const nowMs = this.clock.monotonicMs();
    for (const [key, { untilMs }] of this.resting)
      if (untilMs <= nowMs && !steps.some(step => stepKey(step) === key)) this.resting.delete(key);
    for (const step of steps) {
      const key = stepKey(step);
      const current = this.running.get(key);
      if (current && takesPlaceOf(step, current, nowMs)) current.abort.abort();
      else if (current || seenBusy.has(key)) continue;
      // A container that is being made needs the files until it is there, and is seen.
      if (step.kind === 'delete-files' && this.isBusyWith(step.uid)) continue;
      if ((this.resting.get(key)?.untilMs ?? 0) > nowMs) continue;
      void this.runOne(key, step, signal).then(() => onEnd(step));
    }
  }

  /** Ends the pulls of images that `isWanted` denies. */
  abortPulls(isWanted: (image: string) => boolean): void {
    for (const { step, abort } of this.running.values())
      if (step.kind === 'pull' && !isWanted(step.image)) abort.abort();
  }

  private async runOne(key: string, step: Step, signal: AbortSignal): Promise<void> {
    const abort = new AbortController();
    const entry: Running = { step, abort, sinceMs: this.clock.monotonicMs() };
    this.running.set(key, entry);
    const onAbort = () => abort.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.execute(step, abort.signal);
      this.resting.delete(key);
    } catch (error) {
      if (!abort.signal.aborted) this.noteFailure(key, step, error);
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (this.running.get(key) === entry) this.running.delete(key);
    }
  }

  private noteFailure(key: string, step: Step, error: unknown): void {
    const failures = (this.resting.get(key)?.failures ?? 0) + 1;
    const delayMs = backoffDelayMs(CREATE_BACKOFF, failures - 1, 0.5);
    this.resting.set(key, { failures, untilMs: this.clock.monotonicMs() + delayMs });
    if (error instanceof RuntimeError && error.failure === 'unreachable') return;
    const about = step.kind === 'remove-volume' ? { volume: step.volume } : { pod: step.uid };
    this.log.warn({ step: step.kind, ...about, err: error }, 'step failed');
  }
}

function takesPlaceOf(step: Step, { step: current, sinceMs }: Running, nowMs: number): boolean {
  if (step.kind !== 'stop') return false;
  if (current.kind === 'run' || current.kind === 'start') return true;
  if (current.kind !== 'stop' || step.id !== current.id) return false;
  const endMs = sinceMs + current.graceSeconds * 1000;
  return nowMs + step.graceSeconds * 1000 <= endMs - EARLIER_BY_MS;
}
