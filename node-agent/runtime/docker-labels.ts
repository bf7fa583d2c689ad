/** The labels by which a container on the engine is known as ours, and as whose. */
import type { ContainerLabels } from './container-runtime.ts';

/** The agent that containers belong to; several agents, of several clusters, may share one engine. */
export type ContainerOwner = { readonly cluster: string; readonly node: string };

const CLUSTER = 'dev.pikelet.cluster';
const NODE = 'dev.pikelet.node';
const POD_UID = 'dev.pikelet.pod-uid';
const POD_NAMESPACE = 'dev.pikelet.pod-namespace';
const POD_NAME = 'dev.pikelet.pod-name';
const CONTAINER = 'dev.pikelet.container';
const ATTEMPT = 'dev.pikelet.attempt';
const SPEC_DIGEST = 'dev.pikelet.spec-digest';

/** All labels of a container, as Docker stores them. */
export function dockerLabels(owner: ContainerOwner, labels: ContainerLabels): Record<string, string> {
  return {
    [CLUSTER]: owner.cluster,
    [NODE]: owner.node,
    [POD_UID]: labels.podUid,
    [POD_NAMESPACE]: labels.podNamespace,
    [POD_NAME]: labels.podName,
    [CONTAINER]: labels.container,
    [ATTEMPT]: String(labels.attempt),
    [SPEC_DIGEST]: labels.specDigest,
  };
}

/** The label filter that only the owner's containers pass. */
export function ownerFilter(owner: ContainerOwner): string[] {
  return [`${CLUSTER}=${owner.cluster}`, `${NODE}=${owner.node}`];
}

/** What the labels say; undefined when they are not the owner's, or not whole. */
export function parseDockerLabels(
  owner: ContainerOwner,
  labels: Readonly<Record<string, string>>,
): ContainerLabels | undefined {
  if (labels[CLUSTER] !== owner.cluster || labels[NODE] !== owner.node) return undefined;
  const podUid = labels[POD_UID];
  const podNamespace = labels[POD_NAMESPACE];
  const podName = labels[POD_NAME];
  const container = labels[CONTAINER];
  const attempt = Number(labels[ATTEMPT]);
  if (!podUid || !podNamespace || !podName || !container || !Number.isInteger(attempt)) return undefined;
  return { podUid, podNamespace, podName, container, attempt, specDigest: labels[SPEC_DIGEST] ?? '' };
}

/** A readable name, unique on the engine by (node, pod uid, container, attempt). */
export function containerName(owner: ContainerOwner, labels: ContainerLabels): string {
  const { podNamespace, podName, container, podUid, attempt } = labels;
  return ['pikelet', owner.node, podNamespace, podName, container, podUid.slice(0, 8), attempt].join('_');
}
