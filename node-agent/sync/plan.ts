/**
 * Decides what is to be done next on the device: the wanted pods beside the containers that there are. Pure: the same
 * input gives the same plan, in whatever order it comes, and in a world that stands still acting on it ends in no steps.
 */
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { pullKeyOf } from '../images/pull-credentials.ts';
import { DEFAULT_GRACE_SECONDS, EVICTION_GRACE_SECONDS, GRACE_SECONDS_MIN } from '../limits.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import type { WantedPod } from './desired-set.ts';
import {
  type Draft,
  newDraft,
  type Plan,
  type PlanInput,
  type PlanMemory,
  removal,
  stopOf,
} from './draft.ts';
import { isImageReference } from './image-reference.ts';
import { containerKey } from './memory.ts';
import { nextOfContainer } from './plan-container.ts';
import { endSandbox, nextOfSandbox } from './plan-sandbox.ts';
import { type ContainerView, initProgress, isFinished, type PodView, viewPod, viewsOf } from './pod-view.ts';
import { removableVolumes } from './removable-volumes.ts';
import { isSandbox } from './sandbox.ts';
import { runsProgram } from './shutdown.ts';
import type { Step } from './steps.ts';

/** The next steps towards the wanted pods. Steps of one plan do not depend on each other. */
export function plan(input: PlanInput): Plan {
  const { wanted, containers, memory } = input;
  const byUid = groupByPod(containers);
  const draft = newDraft();
  const wantedUids = new Set(wanted.map(pod => pod.uid));
  for (const pod of [...wanted].sort((a, b) => (a.uid < b.uid ? -1 : 1)))
    planPod(pod, byUid.get(pod.uid) ?? [], input, draft);
  for (const uid of [...new Set([...byUid.keys(), ...memory.folders])].sort()) {
    if (wantedUids.has(uid)) continue;
    const graceSeconds = input.graceOfLeft.get(uid) ?? DEFAULT_GRACE_SECONDS;
    clearPod({ uid, graceSeconds, reason: 'unwanted' }, byUid.get(uid) ?? [], input, draft);
  }
  for (const volume of removableVolumes(input)) draft.steps.push({ kind: 'remove-volume', volume });
  return finish(draft);
}

function groupByPod(containers: readonly RuntimeContainer[]): ReadonlyMap<string, RuntimeContainer[]> {
  const groups = new Map<string, RuntimeContainer[]>();
  for (const each of [...containers].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const group = groups.get(each.labels.podUid);
    if (group) group.push(each);
    else groups.set(each.labels.podUid, [each]);
  }
  return groups;
}

function finish(draft: Draft): Plan {
  return {
    steps: withSharedPulls(draft.steps),
    unknownImages: [...draft.unknownImages].sort(),
    gone: draft.gone,
    wakeAtMs: draft.wakesAtMs.length > 0 ? Math.min(...draft.wakesAtMs) : undefined,
  };
}

/** One pull for each image. Where pods name different Secrets for it, those of the first; the others' turn comes when it has failed. */
function withSharedPulls(steps: readonly Step[]): readonly Step[] {
  const pulls = steps.filter(step => step.kind === 'pull');
  return steps.flatMap((step): Step[] => {
    if (step.kind !== 'pull') return [step];
    if (pulls.find(({ image }) => image === step.image) !== step) return [];
    const same = pulls.filter(({ pullKey }) => pullKey === step.pullKey);
    return [{ ...step, waiting: same.flatMap(({ waiting }) => waiting) }];
  });
}

function planPod(
  wanted: WantedPod,
  containers: readonly RuntimeContainer[],
  input: PlanInput,
  draft: Draft,
): void {
  const { uid, document, digest, terminateWithinSeconds } = wanted;
  const { memory } = input;
  if (terminateWithinSeconds !== undefined) {
    const how = { uid, document, graceSeconds: terminateWithinSeconds, reason: 'terminated' } as const;
    clearPod(how, containers, input, draft);
    if (containers.length === 0 && !memory.folders.has(uid)) draft.gone.push(uid);
    return;
  }
  const end = memory.ended.get(uid);
  if (wanted.ended || end) {
    const { graceSeconds = EVICTION_GRACE_SECONDS } = end ?? {};
    clearPod({ uid, document, graceSeconds, reason: 'ended' }, containers, input, draft);
    return;
  }
  if (memory.halting.has(uid)) {
    const graceSeconds = document?.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    stopPod({ uid, document, graceSeconds, reason: 'shutdown' }, containers, input, draft);
    return;
  }
  if (!document || digest === undefined || memory.awaitingDevices.has(uid)) return;
  const pod = viewPod(document, containers, memory);
  dropStrayContainers(pod, containers, draft);
  if (memory.folders.has(uid) && memory.projected.get(uid) !== digest)
    draft.steps.push({ kind: 'refresh-files', uid });
  for (const view of viewsOf(pod)) tidy(pod, view, draft);
  if (isFinished(pod, memory.replaced)) {
    stopHelpers(pod, draft);
    endSandbox(pod, draft);
    return;
  }
  const active = activeContainers(pod, memory);
  const { sandbox } = pod;
  if (sandbox) nextOfSandbox({ pod, sandbox, active, digest, input, draft });
  for (const view of active) nextOfContainer({ pod, view, digest, input, draft });
}

/** Those that should run now: sidecars, and either the init container whose turn it is or the main and ephemeral containers. */
function activeContainers(pod: PodView, memory: PlanMemory): readonly ContainerView[] {
  const progress = initProgress(pod, memory.replaced);
  const sidecars = pod.inits.filter(({ role }) => role === 'sidecar');
  if (progress.kind === 'done') return [...sidecars, ...mainsInTurn(pod, memory), ...pod.ephemerals];
  if (progress.kind === 'failed') return [];
  return pod.inits
    .slice(0, progress.index + 1)
    .filter(view => view.role === 'sidecar' || view === progress.at);
}

/** As in Kubernetes, a main container's first start waits for the postStart hooks of those before it, to their end or failure. */
function mainsInTurn(pod: PodView, memory: PlanMemory): readonly ContainerView[] {
  const isInTheWay = ({ container, newest }: ContainerView) =>
    container.lifecycle?.postStart !== undefined &&
    (newest ? memory.starting.has(newest.id) : !hasFailedToStart(pod, container, memory));
  const first = pod.mains.findIndex(isInTheWay);
  return first < 0 ? pod.mains : pod.mains.filter((view, at) => at <= first || view.newest !== undefined);
}

function hasFailedToStart({ document }: PodView, container: core.Container, memory: PlanMemory): boolean {
  const { name, image = '', imagePullPolicy } = container;
  const isMissing = imagePullPolicy === 'Never' && memory.images.get(image) === 'absent';
  const hasFailed =
    memory.failures.has(containerKey(document.uid, name)) ||
    memory.pullFailures.has(pullKeyOf(document, image));
  return hasFailed || isMissing || !isImageReference(image);
}

/** Stops what runs, then removes what is left, then the folder. The ended containers stay until all have ended: the last status tells of them. */
function clearPod(
  how: Ending,
  containers: readonly RuntimeContainer[],
  input: PlanInput,
  draft: Draft,
): void {
  if (stopPod(how, containers, input, draft) === 'runs') return;
  for (const each of containers) draft.steps.push(removal(each));
  if (containers.length === 0 && input.memory.folders.has(how.uid))
    draft.steps.push({ kind: 'delete-files', uid: how.uid });
}

type Ending = {
  readonly uid: string;
  readonly document?: PodDocument;
  readonly graceSeconds: number;
  readonly reason: 'terminated' | 'unwanted' | 'ended' | 'shutdown';
};

/** Stops what runs of it, but for the sandbox. */
function stopPod(
  { uid, document, graceSeconds, reason }: Ending,
  containers: readonly RuntimeContainer[],
  { memory, nowMs }: PlanInput,
  draft: Draft,
): 'runs' | 'stopped' {
  // The sandbox outlives what runs in it: they may need the network until their end.
  const running = containers.filter(runsProgram);
  const due = graceSeconds > 0 ? nextToStop(running, sidecarNames(document)) : running;
  const spentSeconds = (nowMs - (memory.endingSince.get(uid) ?? nowMs)) / 1000;
  const deviceLeftSeconds = ((memory.halting.get(uid) ?? Number.POSITIVE_INFINITY) - nowMs) / 1000;
  const leftSeconds = Math.max(
    Math.min(graceSeconds, GRACE_SECONDS_MIN),
    Math.ceil(Math.min(graceSeconds - spentSeconds, deviceLeftSeconds)),
  );
  for (const { id, labels } of due)
    draft.steps.push({
      kind: 'stop',
      uid,
      container: labels.container,
      id,
      graceSeconds: leftSeconds,
      reason,
    });
  return running.length > 0 ? 'runs' : 'stopped';
}

function sidecarNames(document: PodDocument | undefined): readonly string[] {
  const inits = document?.spec.initContainers ?? [];
  return inits.flatMap(({ name, restartPolicy }) => (restartPolicy === 'Always' ? [name] : []));
}

/** Those that are told to end now: all but the sidecars, and when nothing else runs these, the last first. As in the kubelet. */
function nextToStop(
  running: readonly RuntimeContainer[],
  sidecars: readonly string[],
): readonly RuntimeContainer[] {
  const called = (name: string | undefined) => running.filter(({ labels }) => labels.container === name);
  const served = running.filter(({ labels }) => !sidecars.includes(labels.container));
  return served.length > 0 ? served : called(sidecars.findLast(name => called(name).length > 0));
}

/** Containers of a name that the pod does not have: left by a changed document. */
function dropStrayContainers(pod: PodView, containers: readonly RuntimeContainer[], draft: Draft): void {
  const names = new Set(viewsOf(pod).map(({ container }) => container.name));
  const isStray = (each: RuntimeContainer) => !isSandbox(each) && !names.has(each.labels.container);
  for (const each of containers.filter(isStray))
    draft.steps.push(each.state.kind === 'running' ? stopOf(each, pod, 'changed') : removal(each));
}

/** Keeps the newest container and the last one that ended before it; stops a second running one, removes the rest. */
function tidy(pod: PodView, { attempts, newest }: ContainerView, draft: Draft): void {
  const others = attempts.filter(each => each !== newest);
  const lastEnded = others.find(({ state }) => state.kind === 'exited');
  for (const each of others) {
    if (each.state.kind === 'running') draft.steps.push(stopOf(each, pod, 'duplicate'));
    else if (each !== lastEnded) draft.steps.push(removal(each));
  }
}

function stopHelpers(pod: PodView, draft: Draft): void {
  const sidecars = pod.inits.filter(({ role }) => role === 'sidecar').map(({ container }) => container.name);
  const running = [...pod.inits, ...pod.ephemerals].flatMap(view =>
    view.role !== 'init' && view.running ? [view.running] : [],
  );
  for (const each of nextToStop(running, sidecars)) draft.steps.push(stopOf(each, pod, 'finished'));
}
