/** The labels by which a container on the engine is known as ours, and as whose. */
import { CONTAINER_LABEL } from '../../shared/container-labels.ts';
import type { ContainerLabels } from './container-runtime.ts';

/** The agent that containers belong to; several agents, of several clusters, may share one engine. */
export type ContainerOwner = { readonly cluster: string; readonly node: string };

/** All labels of a container, as Docker stores them. */
export function dockerLabels(owner: ContainerOwner, labels: ContainerLabels): Record<string, string> {
  return {
    [CONTAINER_LABEL.cluster]: owner.cluster,
    [CONTAINER_LABEL.node]: owner.node,
    [CONTAINER_LABEL.podUid]: labels.podUid,
    [CONTAINER_LABEL.podNamespace]: labels.podNamespace,
    [CONTAINER_LABEL.podName]: labels.podName,
    [CONTAINER_LABEL.container]: labels.container,
    [CONTAINER_LABEL.attempt]: String(labels.attempt),
    [CONTAINER_LABEL.specDigest]: labels.specDigest,
    ...(labels.devices && { [CONTAINER_LABEL.devices]: labels.devices.join(',') }),
  };
}

/** The label filter that only the owner's containers pass. */
export function ownerFilter(owner: ContainerOwner): string[] {
  return [`${CONTAINER_LABEL.cluster}=${owner.cluster}`, `${CONTAINER_LABEL.node}=${owner.node}`];
}

/** What the labels say; undefined when they are not the owner's, or not whole. */
export function parseDockerLabels(
  owner: ContainerOwner,
  labels: Readonly<Record<string, string>>,
): ContainerLabels | undefined {
  if (labels[CONTAINER_LABEL.cluster] !== owner.cluster || labels[CONTAINER_LABEL.node] !== owner.node)
    return undefined;
  const podUid = labels[CONTAINER_LABEL.podUid];
  const podNamespace = labels[CONTAINER_LABEL.podNamespace];
  const podName = labels[CONTAINER_LABEL.podName];
  const container = labels[CONTAINER_LABEL.container];
  const attempt = Number(labels[CONTAINER_LABEL.attempt]);
  const devices = labels[CONTAINER_LABEL.devices];
  if (!podUid || !podNamespace || !podName || !container || !Number.isInteger(attempt)) return undefined;
  return {
    podUid,
    podNamespace,
    podName,
    container,
    attempt,
    specDigest: labels[CONTAINER_LABEL.specDigest] ?? '',
    ...(devices && { devices: devices.split(',') }),
  };
}

/** A readable name, unique on the engine by (node, pod uid, container, attempt). */
export function containerName(owner: ContainerOwner, labels: ContainerLabels): string {
  const { podNamespace, podName, container, podUid, attempt } = labels;
  return ['pikelet', owner.node, podNamespace, podName, container, podUid.slice(0, 8), attempt].join('_');
}
