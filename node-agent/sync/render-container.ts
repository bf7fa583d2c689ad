/** A container of a document made wholly concrete: no reference to any Kubernetes object is left. Pure. */
import { join } from 'node:path';
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { parseBytes, parseCpuMilli } from '../../shared/quantity.ts';
import { DEFAULT_GRACE_SECONDS } from '../limits.ts';
import type { ContainerSpec, Mount } from '../runtime/container-runtime.ts';
import { checkedPath, type PreparedVolume, planVolume } from '../volumes/plan-volume.ts';
import { expandVariables } from './expand-variables.ts';
import type { FieldFacts } from './read-field.ts';
import { renderEnvironment } from './render-environment.ts';
import { RenderError } from './render-error.ts';
import { specDigestOf } from './spec-digest.ts';
import type { NetworkChoice } from './steps.ts';

export type RenderFacts = Omit<FieldFacts, 'podIp'> & {
  /** Folder below which each pod has its own. */
  readonly podsFolder: string;
};

export type RenderChoice = {
  readonly attempt: number;
  readonly network: NetworkChoice;
  /** True for the one container that carries the published ports of the whole pod. */
  readonly ownsPorts: boolean;
};

export type Rendered = {
  readonly spec: ContainerSpec;
  /** What must stand on the device before the container is made. */
  readonly volumes: readonly PreparedVolume[];
};

/** Throws RenderError when the document refers to something missing, or asks for what this node does not support. */
export function renderContainer(
  document: PodDocument,
  container: core.Container,
  choice: RenderChoice,
  facts: RenderFacts,
): Rendered {
  const { network } = choice;
  const podIp = network.kind === 'joined' ? network.ip : undefined;
  const environment = renderEnvironment(document, container, { ...facts, podIp });
  const { mounts, volumes } = renderMounts(document, container, facts.podsFolder, environment);
  const expand = (text: string) => expandVariables(text, environment);
  const spec: ContainerSpec = {
    labels: {
      podUid: document.uid,
      podNamespace: document.namespace,
      podName: document.name,
      container: container.name,
      attempt: choice.attempt,
      specDigest: specDigestOf(container, network.kind === 'joined' ? network.id : undefined),
    },
    image: container.image ?? '',
    command: (container.command ?? []).map(expand),
    args: (container.args ?? []).map(expand),
    env: [...environment].map(([name, value]) => ({ name, value })),
    workingDir: container.workingDir,
    hostname: network.kind === 'own' ? hostnameOf(document) : undefined,
    network: network.kind === 'joined' ? { kind: 'container', id: network.id } : network,
    ports: choice.ownsPorts && network.kind === 'own' ? publishedPorts(document) : [],
    mounts,
    ...resourcesOf(container),
    ...securityOf(document, container),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    stopGraceSeconds: document.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS,
  };
  return { spec, volumes };
}

/** A host name is at most 63 characters. */
function hostnameOf(document: PodDocument): string {
  return (document.spec.hostname ?? document.name).slice(0, 63).replace(/[-.]+$/, '');
}

function publishedPorts(document: PodDocument): ContainerSpec['ports'] {
  const sidecars = (document.spec.initContainers ?? []).filter(each => each.restartPolicy === 'Always');
  const ports = [...document.spec.containers, ...sidecars].flatMap(each => each.ports ?? []);
  return ports.flatMap(({ containerPort, hostPort, hostIP, protocol = 'TCP' }) => {
    if (!hostPort) return [];
    if (protocol !== 'TCP' && protocol !== 'UDP')
      throw new RenderError(`hostPort ${hostPort}: protocol ${protocol} is not supported`);
    return [{ containerPort, hostPort, hostIp: hostIP || undefined, protocol }];
  });
}

function resourcesOf(
  container: core.Container,
): Pick<ContainerSpec, 'cpuRequestMilli' | 'cpuLimitMilli' | 'memoryLimitBytes'> {
  const { limits, requests } = container.resources ?? {};
  const cpuRequest = requests?.cpu ?? limits?.cpu;
  return {
    cpuRequestMilli: cpuRequest === undefined ? undefined : parseCpuMilli(cpuRequest),
    cpuLimitMilli: limits?.cpu === undefined ? undefined : parseCpuMilli(limits.cpu),
    memoryLimitBytes: limits?.memory === undefined ? undefined : parseBytes(limits.memory),
  };
}

function securityOf(
  document: PodDocument,
  container: core.Container,
): Pick<
  ContainerSpec,
  'user' | 'privileged' | 'readOnlyRootFilesystem' | 'addCapabilities' | 'dropCapabilities'
> {
  const own = container.securityContext ?? {};
  const pod = document.spec.securityContext ?? {};
  const user = own.runAsUser ?? pod.runAsUser;
  const group = own.runAsGroup ?? pod.runAsGroup;
  if ((own.runAsNonRoot ?? pod.runAsNonRoot) && user === 0)
    throw new RenderError("container's runAsUser breaks non-root policy");
  if (user === undefined && group !== undefined)
    throw new RenderError('runAsGroup without runAsUser is not supported');
  return {
    user: user === undefined ? undefined : group === undefined ? String(user) : `${user}:${group}`,
    privileged: own.privileged ?? false,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
  };
}

function renderMounts(
  document: PodDocument,
  container: core.Container,
  podsFolder: string,
  environment: ReadonlyMap<string, string>,
): { readonly mounts: readonly Mount[]; readonly volumes: readonly PreparedVolume[] } {
  const volumes: PreparedVolume[] = [];
  const mounts = (container.volumeMounts ?? []).map((mount): Mount => {
    const volume = planVolume(document, mount.name, podsFolder);
    volumes.push(volume);
    if (volume.kind === 'tmpfs') return { target: mount.mountPath, tmpfsBytes: volume.sizeBytes };
    const wanted = mount.subPathExpr ? expandVariables(mount.subPathExpr, environment) : mount.subPath;
    const subPath = checkedPath(wanted ?? '');
    const source = join(volume.path, subPath);
    if (subPath && volume.kind === 'directory') volumes.push({ kind: 'directory', path: source });
    const readOnly = mount.readOnly === true || volume.kind === 'projected';
    return { source, target: mount.mountPath, readOnly };
  });
  if (container.volumeDevices?.length) throw new RenderError('volumeDevices are not supported');
  return { mounts, volumes };
}
