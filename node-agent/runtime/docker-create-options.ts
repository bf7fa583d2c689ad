/** A container spec as the body of Docker's create call. */
import type { ContainerSpec } from './container-runtime.ts';
import { type ContainerOwner, dockerLabels } from './docker-labels.ts';
import { LOG_FILES, MEMORY_LIMIT_BYTES_MIN } from './limits.ts';

/** What the engine can do that not every one can. */
export type EngineFeatures = {
  readonly canLimitMemory: boolean;
  readonly canLimitCpu: boolean;
  readonly hasLocalLogDriver: boolean;
  readonly canLowerOomScores: boolean;
};

/** `logBytes`: how much of its output is kept. */
type CreateFacts = EngineFeatures & { readonly logBytes: number };

/** Kubernetes's own numbers: pkg/kubelet/cm/helpers_linux.go. */
const CPU_SHARES_PER_CORE = 1024;
const CPU_SHARES_MIN = 2;
const CPU_PERIOD_US = 100_000;
const CPU_QUOTA_US_MIN = 1_000;

/** The create body; `seccompProfile` is what stands in the file of `spec.seccomp`. A limit that the engine cannot keep is left out: it would answer with a mere warning, and newer ones refuse. */
export function dockerCreateOptions(
  spec: ContainerSpec,
  owner: ContainerOwner,
  engine: CreateFacts,
  seccompProfile = '',
) {
  const ports = spec.network.kind === 'own' ? spec.ports : [];
  return {
    Image: spec.image,
    // With an entrypoint given, Docker drops the image's own command: what Kubernetes wants too.
    ...(spec.command.length > 0 && { Entrypoint: [...spec.command] }),
    ...(spec.args.length > 0 && { Cmd: [...spec.args] }),
    Env: spec.env.map(({ name, value }) => `${name}=${value}`),
    WorkingDir: spec.workingDir,
    User: spec.user,
    // Docker refuses a host name for a container in another's network.
    Hostname: spec.network.kind === 'own' ? spec.hostname : undefined,
    Domainname: spec.network.kind === 'own' ? spec.domainname : undefined,
    Labels: dockerLabels(owner, spec.labels),
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdin && spec.stdinOnce,
    Tty: spec.tty,
    StopTimeout: spec.stopGraceSeconds,
    ExposedPorts: Object.fromEntries(ports.map(port => [portKey(port), {}])),
    HostConfig: {
      NetworkMode: networkMode(spec),
      PidMode: spec.pid && namespaceMode(spec.pid),
      IpcMode: spec.ipc && namespaceMode(spec.ipc),
      ...nameOptions(spec),
      Sysctls: spec.sysctls,
      PortBindings: portBindings(ports),
      Mounts: spec.mounts.map(dockerMount),
      ...(spec.devices && { Devices: spec.devices.map(dockerDevice) }),
      ...cpuOptions(spec, engine),
      ...memoryOptions(spec, engine),
      OomScoreAdj: oomScoreAdj(spec, engine),
      GroupAdd: spec.groups.map(String),
      Privileged: spec.privileged,
      ReadonlyRootfs: spec.readOnlyRootFilesystem,
      SecurityOpt: securityOptions(spec, seccompProfile),
      ...(spec.unmaskedProc && { MaskedPaths: [], ReadonlyPaths: [] }),
      CapAdd: [...spec.addCapabilities],
      CapDrop: [...spec.dropCapabilities],
      // The agent alone restarts containers, so that back-off and restart counts are true.
      RestartPolicy: { Name: 'no' },
      LogConfig: {
        Type: engine.hasLocalLogDriver ? 'local' : 'json-file',
        Config: {
          'max-size': String(Math.floor(engine.logBytes / LOG_FILES)),
          'max-file': String(LOG_FILES),
        },
      },
    },
  };
}

function networkMode({ network }: ContainerSpec): string {
  if (network.kind === 'container') return `container:${network.id}`;
  return network.kind === 'host' ? 'host' : 'bridge';
}

function namespaceMode(namespace: NonNullable<ContainerSpec['pid'] | ContainerSpec['ipc']>): string {
  return namespace.kind === 'container' ? `container:${namespace.id}` : namespace.kind;
}

/** Docker takes a list that is empty for none given, and the device's in its place; a dot is how it spells "no search". */
function nameOptions({ dns, hostAliases = [] }: ContainerSpec) {
  return {
    ExtraHosts: hostAliases.map(({ ip, name }) => `${name}:${ip}`),
    ...(dns && {
      Dns: [...dns.nameservers],
      DnsSearch: dns.searches.length > 0 ? [...dns.searches] : ['.'],
      DnsOptions: [...dns.options],
    }),
  };
}

function securityOptions({ noNewPrivileges, seccomp, appArmor }: ContainerSpec, profile: string): string[] {
  return [
    ...(noNewPrivileges ? ['no-new-privileges:true'] : []),
    ...(seccomp ? [`seccomp=${seccomp.kind === 'file' ? profile : seccomp.kind}`] : []),
    ...(appArmor === undefined ? [] : [`apparmor=${appArmor}`]),
  ];
}

type Port = ContainerSpec['ports'][number];

function portKey(port: Port): string {
  return `${port.containerPort}/${port.protocol.toLowerCase()}`;
}

function portBindings(ports: readonly Port[]) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const binding = { HostIp: port.hostIp ?? '', HostPort: String(port.hostPort) };
    bindings[portKey(port)] = [...(bindings[portKey(port)] ?? []), binding];
  }
  return bindings;
}

function dockerMount({ source, target, readOnly, propagation }: ContainerSpec['mounts'][number]) {
  return {
    Type: 'bind',
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    ...(propagation && { BindOptions: { Propagation: propagation } }),
  };
}

function dockerDevice({ source, target }: NonNullable<ContainerSpec['devices']>[number]) {
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: 'rwm' };
}

/** Quota rather than NanoCpus: Docker refuses NanoCpus above the cores it has, and a Kubernetes limit may be above them. */
function cpuOptions(spec: ContainerSpec, engine: EngineFeatures) {
  const shares = Math.floor(((spec.cpuRequestMilli ?? 0) * CPU_SHARES_PER_CORE) / 1000);
  const limit =
    spec.cpuLimitMilli !== undefined && engine.canLimitCpu
      ? {
          CpuPeriod: CPU_PERIOD_US,
          CpuQuota: Math.max(CPU_QUOTA_US_MIN, (spec.cpuLimitMilli * CPU_PERIOD_US) / 1000),
        }
      : {};
  return { CpuShares: Math.max(CPU_SHARES_MIN, shares), ...limit };
}

function oomScoreAdj({ oomScoreAdj: score }: ContainerSpec, engine: EngineFeatures): number | undefined {
  return score === undefined || engine.canLowerOomScores ? score : Math.max(0, score);
}

/** Memory and swap together are limited to the memory: a container that swaps wears the card and stalls the device. */
function memoryOptions(spec: ContainerSpec, engine: EngineFeatures) {
  if (spec.memoryLimitBytes === undefined || !engine.canLimitMemory) return {};
  const bytes = Math.max(MEMORY_LIMIT_BYTES_MIN, spec.memoryLimitBytes);
  return { Memory: bytes, MemorySwap: bytes };
}
