/** A plan while it is made: what goes in, what comes out, and the two steps that every part of it makes. Pure. */
import { DEFAULT_GRACE_SECONDS } from '../limits.ts';
import { probeOf } from '../probes/verdicts.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import type { WantedPod } from './desired-set.ts';
import type { SyncMemory } from './memory.ts';
import type { PodView } from './pod-view.ts';
import type { Step, StopReason } from './steps.ts';

/** The part of the memory that a plan reads. */
export type PlanMemory = {
  readonly [Part in keyof SyncMemory]: SyncMemory[Part] extends Map<infer K, infer V>
    ? ReadonlyMap<K, V>
    : SyncMemory[Part] extends Set<infer K>
      ? ReadonlySet<K>
      : never;
};

export type PlanInput = {
  readonly wanted: readonly WantedPod[];
  readonly containers: readonly RuntimeContainer[];
  readonly memory: PlanMemory;
  /** Volumes that are to go, by name; none without. */
  readonly removeVolumes?: readonly string[];
  /** Grace periods, seconds, of pods that left the index while this process ran. */
  readonly graceOfLeft: ReadonlyMap<string, number>;
  /** Monotonic. */
  readonly nowMs: number;
};

export type Plan = {
  readonly steps: readonly Step[];
  /** Images that must be looked for before more can be said. */
  readonly unknownImages: readonly string[];
  /** Being deleted, and nothing of them is left on the device. */
  readonly gone: readonly string[];
  /** When waiting ends that no event will end; absent when nothing waits. */
  readonly wakeAtMs?: number;
};

/** A plan under construction. */
export type Draft = {
  readonly steps: Step[];
  readonly unknownImages: Set<string>;
  readonly gone: string[];
  readonly wakesAtMs: number[];
};

/** An empty one. */
export function newDraft(): Draft {
  return { steps: [], unknownImages: new Set(), gone: [], wakesAtMs: [] };
}

/** The step that stops a container with its pod's own grace period. */
export function stopOf(container: RuntimeContainer, pod: PodView, reason: StopReason): Step {
  const { podUid: uid, container: name } = container.labels;
  const ofPod = pod.document.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  const graceSeconds = graceOfProbe(pod, name, reason) ?? ofPod;
  return { kind: 'stop', uid, container: name, id: container.id, graceSeconds, reason };
}

function graceOfProbe(pod: PodView, name: string, reason: StopReason): number | undefined {
  if (reason !== 'liveness' && reason !== 'startup') return undefined;
  const view = [...pod.mains, ...pod.inits].find(({ container }) => container.name === name);
  return view && probeOf(view.container, reason)?.terminationGracePeriodSeconds;
}

/** The step that removes a container. */
export function removal({ id, labels }: RuntimeContainer): Step {
  return { kind: 'remove', uid: labels.podUid, container: labels.container, id };
}
