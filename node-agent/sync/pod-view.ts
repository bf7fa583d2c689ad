/** A pod's document beside the containers that exist for it: the one reading that the plan and the status share. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { failedProbe, type Health, hasStarted } from '../probes/verdicts.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import { isOfEarlierSandbox, type SandboxView, viewSandbox } from './sandbox.ts';

/** `sidecar` is Kubernetes's restartable init container; an ephemeral one joined the pod while it ran, and runs once. */
export type ContainerRole = 'init' | 'sidecar' | 'main' | 'ephemeral';

export type ContainerView = {
  readonly container: core.Container | core.EphemeralContainer;
  readonly role: ContainerRole;
  /** Highest attempt first. */
  readonly attempts: readonly RuntimeContainer[];
  readonly newest?: RuntimeContainer;
  readonly running?: RuntimeContainer;
  /** Runs, its postStart hook has ended, and its startup probe has succeeded. */
  readonly hasStarted: boolean;
  /** The probe for whose sake the newest container must go, or was killed. */
  readonly failedProbe?: 'liveness' | 'startup';
};

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export type PodView = {
  readonly document: PodDocument;
  readonly restartPolicy: RestartPolicy;
  readonly hostNetwork: boolean;
  /** Init containers and sidecars, in order. */
  readonly inits: readonly ContainerView[];
  readonly mains: readonly ContainerView[];
  readonly ephemerals: readonly ContainerView[];
  /** What holds the network that all containers join; undefined for a pod that has none. */
  readonly sandbox?: SandboxView;
  /** Without a sandbox: the container whose network the others join. Undefined on the host's network. */
  readonly owner?: ContainerView;
};

/** Reads a pod and those of `containers` that are its own; `health` is what is known of those that run. */
export function viewPod(
  document: PodDocument,
  containers: readonly RuntimeContainer[],
  health: Health,
): PodView {
  const { spec, uid } = document;
  const own = containers.filter(({ labels }) => labels.podUid === uid);
  const view = (container: ContainerView['container'], role: ContainerRole): ContainerView => {
    const attempts = own
      .filter(({ labels }) => labels.container === container.name)
      .sort((a, b) => b.labels.attempt - a.labels.attempt);
    const running = attempts.find(({ state }) => state.kind === 'running');
    const newest = attempts[0];
    return {
      container,
      role,
      attempts,
      newest,
      running,
      hasStarted: running !== undefined && hasStarted(container, running.id, health),
      failedProbe: newest && failedProbe(container, newest.id, health),
    };
  };
  const inits = (spec.initContainers ?? []).map(each =>
    view(each, each.restartPolicy === 'Always' ? 'sidecar' : 'init'),
  );
  const mains = spec.containers.map(each => view(each, 'main'));
  const ephemerals = (spec.ephemeralContainers ?? []).map(each => view(each, 'ephemeral'));
  const hostNetwork = spec.hostNetwork === true;
  const sandbox = viewSandbox(spec, own);
  const first = inits.find(({ role }) => role === 'sidecar') ?? mains[0];
  const owner = sandbox || hostNetwork ? undefined : first;
  const restartPolicy = restartPolicyOf(spec);
  return { document, restartPolicy, hostNetwork, inits, mains, ephemerals, sandbox, owner };
}

function restartPolicyOf(spec: core.PodSpec): RestartPolicy {
  return spec.restartPolicy === 'OnFailure' || spec.restartPolicy === 'Never' ? spec.restartPolicy : 'Always';
}

/** True when an ended container is run again; `replaced` are the ids that the agent stopped for that very purpose. */
export function willRestart(view: ContainerView, pod: PodView, replaced: ReadonlySet<string>): boolean {
  const ended = view.newest;
  if (ended?.state.kind !== 'exited' || view.role === 'ephemeral') return false;
  if (replaced.has(ended.id)) return true;
  if (view.role === 'sidecar') return true;
  // A pod in a new sandbox starts from the beginning.
  if (view.role === 'init' && isOfEarlierSandbox(ended, pod.sandbox)) return true;
  // Whatever it exits with on being killed.
  const hasFailed = ended.state.exitCode !== 0 || view.failedProbe !== undefined;
  if (view.role === 'init') return hasFailed && pod.restartPolicy !== 'Never';
  return pod.restartPolicy === 'Always' || (pod.restartPolicy === 'OnFailure' && hasFailed);
}

/** True once an ended container will never run again. */
export function isOver(view: ContainerView, pod: PodView, replaced: ReadonlySet<string>): boolean {
  const hasEnded = view.running === undefined && view.newest?.state.kind === 'exited';
  return hasEnded && !willRestart(view, pod, replaced);
}

export type InitProgress =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly at: ContainerView }
  | { readonly kind: 'at'; readonly at: ContainerView; readonly index: number };

/** How far the init containers have come. Once a main container exists they are done, but for a new sandbox, as in the kubelet. */
export function initProgress(pod: PodView, replaced: ReadonlySet<string>): InitProgress {
  const isUnderWay = pod.mains.some(({ newest }) => newest && !isOfEarlierSandbox(newest, pod.sandbox));
  if (isUnderWay || pod.mains.every(main => isOver(main, pod, replaced))) return { kind: 'done' };
  // Looked for first: the sidecars before it have ended with it, and must not look as if their turn came again.
  const failed = pod.inits.find(
    view => view.role === 'init' && !hasServed(view, pod) && isOver(view, pod, replaced),
  );
  if (failed) return { kind: 'failed', at: failed };
  const index = pod.inits.findIndex(view => !hasServed(view, pod));
  const at = pod.inits[index];
  return at ? { kind: 'at', at, index } : { kind: 'done' };
}

/** All of them. */
export function viewsOf({ inits, mains, ephemerals }: PodView): readonly ContainerView[] {
  return [...inits, ...mains, ...ephemerals];
}

/** True when the pod has ended by itself: no main container will run again, or an init container failed for good. */
export function isFinished(pod: PodView, replaced: ReadonlySet<string>): boolean {
  const progress = initProgress(pod, replaced);
  if (progress.kind === 'failed') return true;
  return progress.kind === 'done' && pod.mains.every(main => isOver(main, pod, replaced));
}

/** The address of a pod; undefined while nothing has one. */
export function podIpOf(pod: PodView, hostIp: string): string | undefined {
  return pod.hostNetwork ? hostIp || undefined : (pod.sandbox ?? pod.owner)?.running?.ip;
}

/** True for an init container that succeeded, and for a sidecar that has started. */
export function hasServed({ role, newest, hasStarted }: ContainerView, { sandbox }: PodView): boolean {
  if (role === 'sidecar') return hasStarted;
  if (newest?.state.kind !== 'exited' || newest.state.exitCode !== 0) return false;
  return !isOfEarlierSandbox(newest, sandbox);
}
