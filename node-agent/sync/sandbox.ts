/**
 * The sandbox of a pod: one container that does nothing but hold what the others share: network, host name, IPC, and the
 * processes where the pod asks for that. Which pods have one, and by what it is known. Pure. See docs/decisions/0006-pod-sandbox.md.
 */
import type * as core from 'kubernetes-types/core/v1';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import { joinedNetworkOf } from './spec-digest.ts';

/** Its name among the pod's containers, as the kubelet gave it: no container of a spec can be called so. */
export const SANDBOX = 'POD';

export type SandboxView = {
  /** Highest attempt first. */
  readonly attempts: readonly RuntimeContainer[];
  readonly newest?: RuntimeContainer;
  readonly running?: RuntimeContainer;
};

/**
 * The sandbox of the pod that `own` are all containers of; undefined for one that has none. A pod that runs already
 * without one, made by an agent that knew of none, keeps the form that it has until nothing of it runs.
 */
export function viewSandbox(spec: core.PodSpec, own: readonly RuntimeContainer[]): SandboxView | undefined {
  const attempts = own.filter(isSandbox).sort((a, b) => b.labels.attempt - a.labels.attempt);
  if (attempts.length === 0 && (!needsSandbox(spec) || runsWithout(own))) return undefined;
  const running = attempts.find(({ state }) => state.kind === 'running');
  return { attempts, newest: attempts[0], running };
}

/** True for the container that is a pod's sandbox. */
export function isSandbox({ labels }: Pick<RuntimeContainer, 'labels'>): boolean {
  return labels.container === SANDBOX;
}

/** True when a pod has several containers, shares its processes, or must know its address before it runs. */
export function needsSandbox(spec: core.PodSpec): boolean {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  return containers.length > 1 || spec.shareProcessNamespace === true || containers.some(readsPodIp);
}

function readsPodIp({ env }: core.Container): boolean {
  return (
    env?.some(({ valueFrom }) => /^status\.podIPs?$/.test(valueFrom?.fieldRef?.fieldPath ?? '')) ?? false
  );
}

/** True when a container runs in a network of its own, in the host's, or in that of another of the pod. */
function runsWithout(own: readonly RuntimeContainer[]): boolean {
  const ids = new Set(own.map(({ id }) => id));
  return own.some(({ state, labels }) => {
    const joined = joinedNetworkOf(labels.specDigest);
    return state.kind === 'running' && (joined === undefined || ids.has(joined));
  });
}

/** True when the container lived in a sandbox that another has taken the place of. */
export function isOfEarlierSandbox(container: RuntimeContainer, sandbox: SandboxView | undefined): boolean {
  return sandbox?.newest !== undefined && joinedNetworkOf(container.labels.specDigest) !== sandbox.newest.id;
}
