/**
 * What the agent remembers between two looks and cannot read off the containers: back-offs, failures, images seen.
 * Times are of the monotonic clock. It is lost with the process, as the kubelet's is: after a restart everything is tried at once.
 */
import { backoffDelayMs } from '../../shared/backoff.ts';
import type { HeldDevices } from '../devices/allocate-devices.ts';
import { CRASH_BACKOFF, CRASH_RESET_MS, CREATE_BACKOFF, PULL_BACKOFF } from '../limits.ts';
import type { Verdicts } from '../probes/verdicts.ts';
import type { ImagePresence, RuntimeContainer, RuntimeFailure } from '../runtime/container-runtime.ts';
import type { PodEnd } from './pod-end.ts';

export type CrashRecord = {
  readonly containerId: string;
  /** Exits in a row, 1 for the first. */
  readonly streak: number;
  readonly delayMs: number;
  readonly retryAtMs: number;
};

export type ContainerFailureReason =
  /** A volume is missing: no failure of its own, as in Kubernetes. */
  | 'ContainerCreating'
  | 'CreateContainerConfigError'
  | 'CreateContainerError'
  | 'RunContainerError'
  | 'PostStartHookError';

export type FailureRecord = {
  readonly reason: ContainerFailureReason;
  readonly message: string;
  readonly failures: number;
  readonly retryAtMs: number;
  /** The document it failed with: another one is tried at once. */
  readonly digest: string;
};

export type PullRecord = {
  readonly message: string;
  /** What kind of failure it was; undefined when it was not the engine's. */
  readonly failure: RuntimeFailure | undefined;
  readonly failures: number;
  readonly failedAtMs: number;
  readonly retryAtMs: number;
};

export type SyncMemory = {
  /** By container key. */
  readonly crashes: Map<string, CrashRecord>;
  readonly failures: Map<string, FailureRecord>;
  /** By pull key. */
  readonly pullFailures: Map<string, PullRecord>;
  /** Keys of containers that were told of the pull of their image. */
  readonly toldOfPull: Set<string>;
  /** By image reference. */
  readonly pulledAtMs: Map<string, number>;
  readonly images: Map<string, ImagePresence | 'absent'>;
  /** By the id of a container's image: `name@sha256:…` of each registry that it came from. */
  readonly imageDigests: Map<string, readonly string[]>;
  /** Ids of containers that the agent stopped in order to replace them: no crash, whatever they exit with. */
  readonly replaced: Set<string>;
  /** By pod uid: when it was first seen, by both clocks. */
  readonly seen: Map<string, { readonly atMs: number; readonly wallMs: number }>;
  /** Uids of pods that have a folder on disk. */
  readonly folders: Set<string>;
  /** By pod uid: pods that the device ended for good. The master remembers it for longer. */
  readonly ended: Map<string, PodEnd>;
  /** By pod uid: since when it is to end, by the monotonic clock. */
  readonly endingSince: Map<string, number>;
  /** By pod uid: by when it must have stopped because the device shuts down, by the monotonic clock. */
  readonly halting: Map<string, number>;
  /** By container id: the termination message of each that ended; empty for most. */
  readonly lastWords: Map<string, string>;
  /** By pod uid: the attached devices that it holds. */
  readonly devices: Map<string, HeldDevices>;
  /** Uids of pods that wait until others have let go of theirs. */
  readonly awaitingDevices: Set<string>;
  /** Names of the volumes on disk that outlive pods. */
  readonly volumes: Set<string>;
  /** By pod uid: digest of the document whose ConfigMaps and Secrets stand in its volumes. */
  readonly projected: Map<string, string>;
  /** By container id: what its probes say. */
  readonly verdicts: Map<string, Verdicts>;
  /** Ids of containers whose postStart hook has not ended. */
  readonly starting: Set<string>;
  /** Ids of containers whose preStop hook was begun: it is run once. */
  readonly preStopped: Set<string>;
};

/** Names one container of one pod. */
export function containerKey(uid: string, container: string): string {
  return `${uid}/${container}`;
}

/** An empty memory; `folders` are the uids found on disk. */
export function newMemory(folders: Iterable<string> = []): SyncMemory {
  return {
    crashes: new Map(),
    failures: new Map(),
    pullFailures: new Map(),
    toldOfPull: new Set(),
    pulledAtMs: new Map(),
    images: new Map(),
    imageDigests: new Map(),
    replaced: new Set(),
    seen: new Map(),
    folders: new Set(folders),
    ended: new Map(),
    endingSince: new Map(),
    halting: new Map(),
    lastWords: new Map(),
    devices: new Map(),
    awaitingDevices: new Set(),
    volumes: new Set(),
    projected: new Map(),
    verdicts: new Map(),
    starting: new Set(),
    preStopped: new Set(),
  };
}

/** Counts each exit once, and says until when its container rests. */
export function noteExits(memory: SyncMemory, containers: readonly RuntimeContainer[], nowMs: number): void {
  for (const container of newestByKey(containers).values()) {
    const { state, labels, id } = container;
    if (state.kind !== 'exited' || memory.replaced.has(id)) continue;
    const key = containerKey(labels.podUid, labels.container);
    const before = memory.crashes.get(key);
    if (before?.containerId === id) continue;
    const ranForMs = state.finishedAtMs - state.startedAtMs;
    const streak = before && ranForMs < CRASH_RESET_MS ? before.streak + 1 : 1;
    const delayMs = streak === 1 ? 0 : backoffDelayMs(CRASH_BACKOFF, streak - 2, 0.5);
    memory.crashes.set(key, { containerId: id, streak, delayMs, retryAtMs: nowMs + delayMs });
  }
}

/** Records that a container could not be made or started, and when to try again. */
export function noteFailure(
  memory: SyncMemory,
  failed: {
    readonly key: string;
    readonly reason: ContainerFailureReason;
    readonly message: string;
    readonly digest: string;
  },
  nowMs: number,
): void {
  const { key, ...rest } = failed;
  const before = memory.failures.get(key);
  const failures = before?.digest === rest.digest ? before.failures + 1 : 1;
  const retryAtMs = nowMs + backoffDelayMs(CREATE_BACKOFF, failures - 1, 0.5);
  memory.failures.set(key, { ...rest, failures, retryAtMs });
}

/** Records a failed pull, and when to try again. */
export function notePullFailure(
  memory: SyncMemory,
  pullKey: string,
  { message, failure }: Pick<PullRecord, 'message' | 'failure'>,
  nowMs: number,
): void {
  const failures = (memory.pullFailures.get(pullKey)?.failures ?? 0) + 1;
  const retryAtMs = nowMs + backoffDelayMs(PULL_BACKOFF, failures - 1, 0.5);
  memory.pullFailures.set(pullKey, { message, failure, failures, failedAtMs: nowMs, retryAtMs });
}

/** The image is there: earlier failures to fetch it, with whatever Secrets, mean nothing any more. */
export function notePulled(memory: SyncMemory, image: string): void {
  deleteUnless(memory.pullFailures, key => imageOfKey(key) !== image);
}

/** Lets pulls that failed for want of a network be tried at once; those of the last moments wait, as a link that comes and goes would else keep them all busy. */
export function retryPulls(memory: SyncMemory): void {
  for (const [key, record] of memory.pullFailures)
    if (record.failure === 'registry-unreachable')
      memory.pullFailures.set(key, {
        ...record,
        retryAtMs: Math.min(record.retryAtMs, record.failedAtMs + PULL_BACKOFF.baseMs),
        failures: 0,
      });
}

function imageOfKey(pullKey: string): string {
  return pullKey.split(' ')[0] ?? pullKey;
}

/** Forgets what is about pods neither wanted nor on the device, and about images that no wanted pod names. */
export function forgetStrangers(
  memory: SyncMemory,
  wanted: { readonly uids: ReadonlySet<string>; readonly images: ReadonlySet<string> },
  containers: readonly RuntimeContainer[],
): void {
  const known = new Set([...wanted.uids, ...containers.map(container => container.labels.podUid)]);
  const ids = new Set(containers.map(container => container.id));
  for (const map of [memory.crashes, memory.failures])
    deleteUnless(map, key => known.has(key.slice(0, key.indexOf('/'))));
  for (const map of [memory.seen, memory.projected, memory.ended, memory.endingSince, memory.halting])
    deleteUnless(map, uid => known.has(uid));
  for (const map of [memory.pulledAtMs, memory.images]) deleteUnless(map, image => wanted.images.has(image));
  deleteUnless(memory.pullFailures, key => wanted.images.has(imageOfKey(key)));
  const imageIds = new Set(containers.map(({ imageId }) => imageId));
  deleteUnless(memory.imageDigests, id => imageIds.has(id));
  for (const key of [...memory.toldOfPull])
    if (!known.has(key.slice(0, key.indexOf('/')))) memory.toldOfPull.delete(key);
  for (const map of [memory.verdicts, memory.lastWords]) deleteUnless(map, id => ids.has(id));
  for (const set of [memory.replaced, memory.preStopped])
    for (const id of [...set]) if (!ids.has(id)) set.delete(id);
}

function deleteUnless(map: Map<string, unknown>, isKept: (key: string) => boolean): void {
  for (const key of [...map.keys()]) if (!isKept(key)) map.delete(key);
}

/** The container of the highest attempt for each key. */
function newestByKey(containers: readonly RuntimeContainer[]): ReadonlyMap<string, RuntimeContainer> {
  const newest = new Map<string, RuntimeContainer>();
  for (const container of containers) {
    const key = containerKey(container.labels.podUid, container.labels.container);
    const held = newest.get(key);
    if (!held || held.labels.attempt < container.labels.attempt) newest.set(key, container);
  }
  return newest;
}
