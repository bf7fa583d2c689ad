/** A container of a document made wholly concrete: no reference to any Kubernetes object is left. Pure. */
import { join } from 'node:path';
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { parseBytes, parseCpuMilli } from '../../shared/quantity.ts';
import type { Device } from '../devices/device.ts';
import { DEFAULT_GRACE_SECONDS } from '../limits.ts';
import type { ContainerSpec, Mount, Resolver } from '../runtime/container-runtime.ts';
import { checkedPath } from '../volumes/inner-path.ts';
import { type PreparedVolume, planVolume, type VolumeFacts } from '../volumes/plan-volume.ts';
import type { SubPath } from '../volumes/sub-path.ts';
import { expandVariables } from './expand-variables.ts';
import { oomScoreAdjOf } from './oom-score.ts';
import { renderEnvironment } from './render-environment.ts';
import { RenderError } from './render-error.ts';
import { heldNamespaces, joinedNamespaces } from './render-namespaces.ts';
import { type SecurityFacts, securityOf } from './render-security.ts';
import { specDigestOf } from './spec-digest.ts';
import type { NetworkChoice } from './steps.ts';

/** Also the address at which containers of this device reach the API, unless it is the one that the document names. */
export type RenderFacts = VolumeFacts &
  Pick<SecurityFacts, 'seccompFolder'> & {
    readonly apiHost?: string;
    /** All that the device has; 0 where the kernel does not tell. */
    readonly memoryBytes: number;
  };

/** What the device tells of one container's surroundings when it is made. */
export type RenderSurroundings = RenderFacts &
  Pick<SecurityFacts, 'imageUser'> & {
    /** The device's own; needed where the pod adds to it. */
    readonly resolver?: Resolver;
    /** What is attached now. */
    readonly devices?: readonly Device[];
    /** Ids of those that the container holds. */
    readonly held?: readonly string[];
  };

export type RenderChoice = {
  readonly attempt: number;
  readonly network: NetworkChoice;
  /** True for the one container that carries the published ports of the whole pod. */
  readonly ownsPorts: boolean;
  /** Id of the container whose processes it shall see. */
  readonly target?: string;
};

export type Rendered = {
  readonly spec: ContainerSpec;
  /** What must stand on the device before the container is made. */
  readonly volumes: readonly PreparedVolume[];
  /** Then these; the mounts name where each is before its links are followed. */
  readonly subPaths: readonly SubPath[];
};

/** Throws RenderError when the document refers to something missing, or asks for what this node does not support. */
export function renderContainer(
  document: PodDocument,
  container: core.Container,
  choice: RenderChoice,
  facts: RenderSurroundings,
): Rendered {
  const { network } = choice;
  const joined = 'id' in network ? network : undefined;
  const held = joined ? undefined : heldNamespaces(document, facts.resolver);
  const environment = renderEnvironment(withApiHost(document, facts), container, {
    ...facts,
    podIp: joined?.ip,
  });
  const { mounts, volumes, subPaths } = renderMounts(document, container, facts, environment);
  const expand = (text: string) => expandVariables(text, environment);
  const spec: ContainerSpec = {
    labels: {
      podUid: document.uid,
      podNamespace: document.namespace,
      podName: document.name,
      container: container.name,
      attempt: choice.attempt,
      specDigest: specDigestOf(container, joined?.id),
      ...(facts.held && { devices: facts.held }),
    },
    image: container.image ?? '',
    command: (container.command ?? []).map(expand),
    args: (container.args ?? []).map(expand),
    env: [...environment].map(([name, value]) => ({ name, value })),
    workingDir: container.workingDir,
    ...held,
    ports: (choice.ownsPorts && held?.ports) || [],
    ...joinedNamespaces(document, network),
    ...(choice.target !== undefined && { pid: { kind: 'container' as const, id: choice.target } }),
    mounts,
    ...devicesOf(facts),
    ...resourcesOf(container),
    oomScoreAdj: oomScoreAdjOf(document.spec, container, facts.memoryBytes),
    ...securityOf(document, container, facts),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    stopGraceSeconds: document.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS,
  };
  return { spec, volumes, subPaths };
}

/** The document with the Service `kubernetes` where this device reaches it: its address in the cluster leads nowhere. */
function withApiHost(document: PodDocument, { apiHost }: RenderFacts): PodDocument {
  if (apiHost === undefined || document.services === undefined) return document;
  const services = document.services.map(each =>
    each.name === 'kubernetes' ? { ...each, host: apiHost } : each,
  );
  return { ...document, services };
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

/** A device that was unplugged keeps its holder from starting anew, until it is back. */
function devicesOf({ devices = [], held }: RenderSurroundings): Pick<ContainerSpec, 'devices'> {
  if (held === undefined) return {};
  const files = held.flatMap(id => {
    const device = devices.find(each => each.id === id);
    if (!device) throw new RenderError(`device ${id} is not attached any more`);
    return device.files;
  });
  return { devices: files };
}

const PROPAGATION = { None: undefined, HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

function renderMounts(
  document: PodDocument,
  container: core.Container,
  facts: RenderFacts,
  environment: ReadonlyMap<string, string>,
): Pick<Rendered, 'volumes' | 'subPaths'> & { readonly mounts: readonly Mount[] } {
  const volumes = new Map<string, PreparedVolume>();
  const subPaths: SubPath[] = [];
  const mounts = (container.volumeMounts ?? []).map((mount): Mount => {
    const volume = planVolume(document, mount.name, facts);
    volumes.set(mount.name, volume);
    const path = checkedPath(subPathOf(mount, environment));
    const source = join(volume.path, path);
    if (path) subPaths.push({ volume: volume.path, path, source });
    const readOnly = mount.readOnly === true || isReadOnly(volume);
    const propagation = Object.entries(PROPAGATION).find(([name]) => name === mount.mountPropagation)?.[1];
    return { source, target: mount.mountPath, readOnly, ...(propagation && { propagation }) };
  });
  if (container.volumeDevices?.length) throw new RenderError('volumeDevices are not supported');
  return { mounts, volumes: [...volumes.values()], subPaths };
}

function isReadOnly(volume: PreparedVolume): boolean {
  return volume.kind === 'projected' || ('readOnly' in volume && volume.readOnly === true);
}

/** Empty for the whole volume. Unlike elsewhere, an unknown variable is an error: it would name a folder that nobody meant. */
function subPathOf(mount: core.VolumeMount, environment: ReadonlyMap<string, string>): string {
  if (!mount.subPathExpr) return mount.subPath ?? '';
  return expandVariables(mount.subPathExpr, environment, name => {
    throw new RenderError(`cannot expand subPathExpr of volume "${mount.name}": missing value for "${name}"`);
  });
}
