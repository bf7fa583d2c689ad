/** The end of the device: which pods are to end by when. Pure. Source: pkg/kubelet/nodeshutdown. */
import { CRITICAL_PRIORITY } from '../limits.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import type { WantedPod } from './desired-set.ts';
import { isSandbox } from './sandbox.ts';

/** Times of the monotonic clock. */
export type Shutdown = {
  /** Until when pods have time that are not critical. */
  readonly ordinaryUntilMs: number;
  /** Until when the critical ones have. */
  readonly untilMs: number;
};

/** How long pods get, seconds: all of them together, and of that the critical ones. */
export type ShutdownPeriods = { readonly graceSeconds: number; readonly criticalSeconds: number };

/** The shutdown that begins now. */
export function shutdownFrom(nowMs: number, { graceSeconds, criticalSeconds }: ShutdownPeriods): Shutdown {
  const untilMs = nowMs + graceSeconds * 1000;
  return { ordinaryUntilMs: untilMs - criticalSeconds * 1000, untilMs };
}

/** The pods whose turn it is, by uid, with the time by which each must have ended: critical ones when the others have, or had their time. */
export function podsToHalt(input: {
  readonly shutdown: Shutdown;
  readonly wanted: readonly WantedPod[];
  readonly containers: readonly RuntimeContainer[];
  readonly nowMs: number;
}): ReadonlyMap<string, number> {
  const { shutdown, wanted, containers, nowMs } = input;
  const running = new Set(containers.filter(runsProgram).map(({ labels }) => labels.podUid));
  const isCritical = ({ document }: WantedPod) => (document?.spec.priority ?? 0) >= CRITICAL_PRIORITY;
  const ordinary = wanted.filter(pod => !isCritical(pod));
  const isTurnOfCritical = nowMs >= shutdown.ordinaryUntilMs || !ordinary.some(({ uid }) => running.has(uid));
  return new Map([
    ...ordinary.map(({ uid }) => [uid, shutdown.ordinaryUntilMs] as const),
    ...(isTurnOfCritical ? wanted.filter(isCritical) : []).map(({ uid }) => [uid, shutdown.untilMs] as const),
  ]);
}

/** False for a sandbox, which only holds what the others share. */
export function runsProgram(container: RuntimeContainer): boolean {
  return container.state.kind === 'running' && !isSandbox(container);
}
