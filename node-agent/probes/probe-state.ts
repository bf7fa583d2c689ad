/** How many answers in a row it takes to believe one: a probe's answer and what was believed before → what is believed now. Pure. */
import type * as core from 'kubernetes-types/core/v1';

export type Outcome = 'success' | 'failure';

export type ProbeState = {
  /** What holds; undefined until the first threshold is reached. */
  readonly verdict: Outcome | undefined;
  readonly last: Outcome | undefined;
  /** Times in a row that `last` was the answer. */
  readonly run: number;
};

/** A probe's timing and thresholds, defaults filled in. */
export type ProbeTiming = {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
};

/** Before the first answer; `verdict` is what an earlier process of the agent believed. */
export function newProbeState(verdict?: Outcome): ProbeState {
  return { verdict, last: undefined, run: 0 };
}

/** Takes one answer. The verdict changes when the answer has come as often in a row as its threshold says. */
export function nextProbeState(state: ProbeState, answer: Outcome, timing: ProbeTiming): ProbeState {
  const run = state.last === answer ? state.run + 1 : 1;
  const threshold = answer === 'success' ? timing.successThreshold : timing.failureThreshold;
  return { verdict: run >= threshold ? answer : state.verdict, last: answer, run };
}

/** Kubernetes's defaults: every 10 s, 1 s to answer, one success, three failures. */
export function probeTiming(probe: core.Probe): ProbeTiming {
  return {
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
    periodMs: (probe.periodSeconds || 10) * 1000,
    timeoutMs: (probe.timeoutSeconds || 1) * 1000,
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
  };
}

/** When the probe is due after the one due at `dueMs`: on its beat, and never before now. Beats that went by are left out. */
export function nextDueMs(dueMs: number, periodMs: number, nowMs: number): number {
  const beats = Math.max(1, Math.ceil((nowMs - dueMs) / periodMs));
  return dueMs + beats * periodMs;
}
