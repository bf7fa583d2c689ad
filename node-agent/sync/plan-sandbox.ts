/** The part of the plan about a pod's sandbox: that it runs while something is to run in it, and that nothing runs outside it. Pure. */
import { type Draft, type PlanInput, removal, stopOf } from './draft.ts';
import { containerKey } from './memory.ts';
import { type ContainerView, isOver, type PodView, viewsOf } from './pod-view.ts';
import { SANDBOX, type SandboxView } from './sandbox.ts';
import { joinedNetworkOf } from './spec-digest.ts';

type Ask = {
  readonly pod: PodView;
  readonly sandbox: SandboxView;
  /** The containers that should run now. */
  readonly active: readonly ContainerView[];
  /** Of the pod's document. */
  readonly digest: string;
  readonly input: PlanInput;
  readonly draft: Draft;
};

/**
 * Adds the next step of the sandbox. When it has died, what ran in it is stopped first, and a new one is made only for
 * what will run again. Source: the kubelet's computePodActions.
 */
export function nextOfSandbox(ask: Ask): void {
  const { pod, sandbox, active, input, draft } = ask;
  const { newest, running } = sandbox;
  for (const each of sandbox.attempts) if (each !== newest) draft.steps.push(removal(each));
  const cutOff = viewsOf(pod).flatMap(view =>
    view.running && joinedNetworkOf(view.running.labels.specDigest) !== running?.id ? [view.running] : [],
  );
  for (const each of cutOff) draft.steps.push(stopOf(each, pod, 'sandbox'));
  if (running || cutOff.length > 0) return;
  if (active.every(view => isOver(view, pod, input.memory.replaced)) || !isRested(ask)) return;
  const isCreated = newest?.state.kind === 'created';
  const attempt = newest ? newest.labels.attempt + (isCreated ? 0 : 1) : 0;
  draft.steps.push({ kind: 'run-sandbox', uid: pod.document.uid, container: SANDBOX, attempt });
}

/** Stops the sandbox of a pod in which nothing will run any more, once nothing does; its record stays with those of the containers. */
export function endSandbox(pod: PodView, draft: Draft): void {
  const { sandbox } = pod;
  if (!sandbox?.running || viewsOf(pod).some(({ running }) => running)) return;
  const { id } = sandbox.running;
  const { uid } = pod.document;
  draft.steps.push({ kind: 'stop', uid, container: SANDBOX, id, graceSeconds: 0, reason: 'finished' });
}

/** False while it rests after it died or could not be made; then says when that ends. */
function isRested({ pod, sandbox, digest, input, draft }: Ask): boolean {
  const { memory, nowMs } = input;
  const key = containerKey(pod.document.uid, SANDBOX);
  const failure = memory.failures.get(key);
  const crash = memory.crashes.get(key);
  const waits = [
    failure?.digest === digest ? failure.retryAtMs : 0,
    crash && crash.containerId === sandbox.newest?.id ? crash.retryAtMs : 0,
  ].filter(atMs => atMs > nowMs);
  draft.wakesAtMs.push(...waits);
  return waits.length === 0;
}
