/** Which probes are to be run now: of running containers, each kind in its time. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import type { WantedPod } from '../sync/desired-set.ts';
import { failedProbe, type Health, hasStarted, type ProbeKind, probeOf } from './verdicts.ts';

export type ProbeTarget = {
  readonly kind: ProbeKind;
  readonly probe: core.Probe;
  readonly container: core.Container;
  readonly containerId: string;
  /** By the device's wall clock. */
  readonly startedAtMs: number;
  readonly document: PodDocument;
};

/**
 * The startup probe until it has succeeded, then the two others. None for a container that is to be killed, and of a pod
 * that is being deleted only readiness: its Services need to know.
 */
export function probeTargets(
  wanted: readonly WantedPod[],
  containers: readonly RuntimeContainer[],
  health: Health,
): readonly ProbeTarget[] {
  const probed = wanted.flatMap(({ document, terminateWithinSeconds }) =>
    document && probedContainers(document.spec).length > 0
      ? [{ document, isTerminating: terminateWithinSeconds !== undefined }]
      : [],
  );
  if (probed.length === 0) return [];
  return probed.flatMap(({ document, isTerminating }) =>
    probedContainers(document.spec).flatMap(container => {
      const running = containers.find(
        ({ labels, state }) =>
          labels.podUid === document.uid && labels.container === container.name && state.kind === 'running',
      );
      if (running?.state.kind !== 'running' || health.starting.has(running.id)) return [];
      const { id: containerId, state } = running;
      if (failedProbe(container, containerId, health)) return [];
      return dueKinds(container, containerId, health, isTerminating).flatMap(kind => {
        const probe = probeOf(container, kind);
        const { startedAtMs } = state;
        return probe ? [{ kind, probe, container, containerId, startedAtMs, document }] : [];
      });
    }),
  );
}

function probedContainers(spec: core.PodSpec): readonly core.Container[] {
  const sidecars = spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? [];
  return [...sidecars, ...spec.containers].filter(
    each => each.startupProbe || each.livenessProbe || each.readinessProbe,
  );
}

function dueKinds(
  container: core.Container,
  id: string,
  health: Health,
  isTerminating: boolean,
): readonly ProbeKind[] {
  if (!hasStarted(container, id, health)) return isTerminating ? [] : ['startup'];
  return isTerminating ? ['readiness'] : ['liveness', 'readiness'];
}
