/** What the probes say of containers, and what follows for each: has it started, is it ready, must it go. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import type { Outcome } from './probe-state.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** Of one container; a probe that has not reached a threshold is absent. */
export type Verdicts = { readonly [kind in ProbeKind]?: Outcome } & {
  /** Wall time since which it is ready by its probe. */
  readonly readySinceMs?: number;
};

/** What is known of containers that run, by container id. */
export type Health = {
  readonly verdicts: ReadonlyMap<string, Verdicts>;
  /** Whose postStart hook has not ended. */
  readonly starting: ReadonlySet<string>;
};

/** The probe of this kind, where the container has one. */
export function probeOf(container: core.Container, kind: ProbeKind): core.Probe | undefined {
  if (kind === 'startup') return container.startupProbe;
  return kind === 'liveness' ? container.livenessProbe : container.readinessProbe;
}

/** True once its postStart hook has ended and its startup probe, if it has one, has succeeded. */
export function hasStarted(container: core.Container, id: string, { verdicts, starting }: Health): boolean {
  return !starting.has(id) && (!container.startupProbe || verdicts.get(id)?.startup === 'success');
}

/** True for a started container whose readiness probe, if it has one, succeeds. */
export function isReady(container: core.Container, id: string, health: Health): boolean {
  if (!hasStarted(container, id, health)) return false;
  return !container.readinessProbe || health.verdicts.get(id)?.readiness === 'success';
}

/** The probe for whose sake the container must be killed; undefined for one that may live. */
export function failedProbe(
  container: core.Container,
  id: string,
  { verdicts }: Health,
): 'liveness' | 'startup' | undefined {
  const held = verdicts.get(id);
  if (container.livenessProbe && held?.liveness === 'failure') return 'liveness';
  return container.startupProbe && held?.startup === 'failure' ? 'startup' : undefined;
}
