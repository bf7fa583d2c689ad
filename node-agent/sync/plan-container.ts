/** The part of the plan about one container that should run now: leave it, stop it, wait, fetch its image, run it. Pure. */
import { pullKeyOf } from '../images/pull-credentials.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import { type Draft, type PlanInput, removal, stopOf } from './draft.ts';
import { isImageReference } from './image-reference.ts';
import { containerKey } from './memory.ts';
import { type ContainerView, isOver, type PodView, viewsOf, willRestart } from './pod-view.ts';
import { joinedNetworkOf, matchesContainer } from './spec-digest.ts';
import type { NetworkChoice } from './steps.ts';

type Ask = {
  readonly pod: PodView;
  readonly view: ContainerView;
  /** Of the pod's document. */
  readonly digest: string;
  readonly input: PlanInput;
  readonly draft: Draft;
};

/** Adds the next step of one container to the draft, or when to look again, or nothing when it is as it should be. */
export function nextOfContainer(ask: Ask): void {
  const { pod, view, input, draft } = ask;
  const { newest, container } = view;
  const network = chooseNetwork(pod, view, input);
  if (view.running) {
    if (view.running !== newest) return;
    if (!matchesContainer(view.running.labels.specDigest, container))
      draft.steps.push(stopOf(view.running, pod, 'changed'));
    else if (!pod.sandbox && isCutOff(view.running, network))
      draft.steps.push(stopOf(view.running, pod, 'network'));
    else if (view.failedProbe) draft.steps.push(stopOf(view.running, pod, view.failedProbe));
    return;
  }
  const target = targetOf(pod, view);
  if (network === undefined || target === 'not-running') return;
  if (newest?.state.kind === 'created') {
    nextOfCreated(ask, newest, network);
    return;
  }
  if (newest && !isToRunAgain(ask, newest)) return;
  if (!isRested(ask, newest) || !isImageReady(ask)) return;
  draft.steps.push({
    kind: 'run',
    uid: pod.document.uid,
    container: container.name,
    attempt: newest ? newest.labels.attempt + 1 : 0,
    network,
    ownsPorts: pod.owner === view,
    target: target?.id,
  });
}

/** The container whose processes an ephemeral one wants to see; undefined when it names none. */
function targetOf(pod: PodView, { container }: ContainerView): RuntimeContainer | 'not-running' | undefined {
  const name = 'targetContainerName' in container ? container.targetContainerName : undefined;
  if (!name) return undefined;
  return viewsOf(pod).find(other => other.container.name === name)?.running ?? 'not-running';
}

/** A container that was made but never started: start it, or remove it when it is not the one wanted. */
function nextOfCreated(ask: Ask, created: RuntimeContainer, network: NetworkChoice): void {
  const { draft, view } = ask;
  const isWanted = matchesContainer(created.labels.specDigest, view.container) && !isCutOff(created, network);
  if (!isWanted) draft.steps.push(removal(created));
  else if (hasFailureRested(ask)) {
    const { podUid: uid, container } = created.labels;
    draft.steps.push({ kind: 'start', uid, container, id: created.id });
  }
}

/**
 * The network for the container; undefined while it must wait for the pod's sandbox, or its owner of the network, to run.
 * Once an owner is over for good, the others get networks of their own.
 */
function chooseNetwork(pod: PodView, view: ContainerView, input: PlanInput): NetworkChoice | undefined {
  const { owner, sandbox } = pod;
  if (sandbox) return sandbox.running && { kind: 'sandbox', id: sandbox.running.id, ip: sandbox.running.ip };
  if (!owner) return { kind: 'host' };
  if (owner === view) return { kind: 'own' };
  if (owner.running) return { kind: 'joined', id: owner.running.id, ip: owner.running.ip };
  return view.role === 'init' || isOver(owner, pod, input.memory.replaced) ? { kind: 'own' } : undefined;
}

/** True when it joined the network of a container other than the one that holds the pod's network now. */
function isCutOff(container: RuntimeContainer, network: NetworkChoice | undefined): boolean {
  return (
    network !== undefined && 'id' in network && joinedNetworkOf(container.labels.specDigest) !== network.id
  );
}

function isToRunAgain({ pod, view, input }: Ask, ended: RuntimeContainer): boolean {
  return ended.state.kind === 'exited' && willRestart(view, pod, input.memory.replaced);
}

/** False while it rests after a crash or a failure; then says when that ends. */
function isRested(ask: Ask, ended: RuntimeContainer | undefined): boolean {
  const { pod, view, input, draft } = ask;
  if (!hasFailureRested(ask)) return false;
  const crash = input.memory.crashes.get(containerKey(pod.document.uid, view.container.name));
  const isSame = crash?.containerId === ended?.id && ended !== undefined;
  if (!crash || !isSame || crash.retryAtMs <= input.nowMs) return true;
  if (!matchesContainer(ended.labels.specDigest, view.container)) return true;
  draft.wakesAtMs.push(crash.retryAtMs);
  return false;
}

function hasFailureRested({ pod, view, digest, input, draft }: Ask): boolean {
  const failure = input.memory.failures.get(containerKey(pod.document.uid, view.container.name));
  if (!failure || failure.digest !== digest || failure.retryAtMs <= input.nowMs) return true;
  draft.wakesAtMs.push(failure.retryAtMs);
  return false;
}

/**
 * True when the image is there as the pull policy wants it; else adds what is missing. `Always` asks the registry for a
 * pod's first container only: a device without a network must be able to restart what it has (Kubernetes asks each time).
 */
function isImageReady({ pod, view, input, draft }: Ask): boolean {
  const { memory, nowMs } = input;
  const image = view.container.image ?? '';
  const policy = view.container.imagePullPolicy ?? 'IfNotPresent';
  const presence = memory.images.get(image);
  const seenAtMs = memory.seen.get(pod.document.uid)?.atMs ?? 0;
  const isFresh = view.newest !== undefined || (memory.pulledAtMs.get(image) ?? -1) >= seenAtMs;
  if (!isImageReference(image)) return false;
  if (presence === undefined) {
    draft.unknownImages.add(image);
    return false;
  }
  if (presence !== 'absent' && (policy !== 'Always' || isFresh)) return true;
  if (policy === 'Never') return false;
  const pullKey = pullKeyOf(pod.document, image);
  const failure = memory.pullFailures.get(pullKey);
  const { uid } = pod.document;
  if (failure && failure.retryAtMs > nowMs) draft.wakesAtMs.push(failure.retryAtMs);
  else
    draft.steps.push({
      kind: 'pull',
      image,
      pullKey,
      uid,
      waiting: [{ uid, container: view.container.name }],
    });
  return false;
}
