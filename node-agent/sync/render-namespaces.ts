/** What a pod says of its network, host name, names, processes and shared memory, as fields of the containers that hold or join them. Pure. */
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { ContainerSpec, Resolver } from '../runtime/container-runtime.ts';
import { RenderError } from './render-error.ts';
import type { NetworkChoice } from './steps.ts';

type HeldFields = 'hostname' | 'domainname' | 'ports' | 'dns' | 'hostAliases' | 'sysctls';

/**
 * For the container that holds the pod's network: its sandbox, or the container itself. `resolver` is the device's own,
 * needed where the pod adds to it. Throws RenderError for a port that cannot be published.
 */
export function heldNamespaces(
  document: PodDocument,
  resolver: Resolver | undefined,
): Pick<ContainerSpec, HeldFields> {
  const { spec } = document;
  const hasNetwork = !spec.hostNetwork;
  const sysctls = spec.securityContext?.sysctls ?? [];
  return {
    ...(hasNetwork && namesOf(document)),
    ports: hasNetwork ? publishedPorts(document) : [],
    dns: dnsOf(document, resolver),
    hostAliases: (spec.hostAliases ?? []).flatMap(({ ip = '', hostnames = [] }) =>
      hostnames.map(name => ({ ip, name })),
    ),
    sysctls: Object.fromEntries(sysctls.map(({ name, value }) => [name.replaceAll('/', '.'), value])),
  };
}

/** For a container of the pod: whose network, processes and shared memory it joins. */
export function joinedNamespaces(
  { spec }: PodDocument,
  network: NetworkChoice,
): Pick<ContainerSpec, 'network' | 'pid' | 'ipc'> {
  const sandbox = network.kind === 'sandbox' ? { kind: 'container' as const, id: network.id } : undefined;
  const shared = spec.shareProcessNamespace ? sandbox : undefined;
  return {
    network: 'id' in network ? { kind: 'container', id: network.id } : network,
    pid: spec.hostPID ? { kind: 'host' } : shared,
    ipc: spec.hostIPC ? { kind: 'host' } : sandbox,
  };
}

const CLUSTER_DOMAIN = 'cluster.local';

/** The kernel's bound, characters. */
const HOSTNAME_MAX = 64;

/** A host name is at most 63 characters; the whole name stands in /etc/hosts in either case. Source: the kubelet's GeneratePodHostNameAndDomain. */
function namesOf(document: PodDocument): Pick<ContainerSpec, 'hostname' | 'domainname'> {
  const { spec, name, namespace } = document;
  const hostname = (spec.hostname ?? name).slice(0, 63).replace(/[-.]+$/, '');
  if (!spec.subdomain) return { hostname };
  const domainname = `${spec.subdomain}.${namespace}.svc.${CLUSTER_DOMAIN}`;
  if (!spec.setHostnameAsFQDN) return { hostname, domainname };
  const whole = `${hostname}.${domainname}`;
  if (whole.length > HOSTNAME_MAX)
    throw new RenderError(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${whole} is too long (${HOSTNAME_MAX} characters is the max, ${whole.length} characters requested)`,
    );
  return { hostname: whole };
}

/** Undefined: as on the device, which is also what ClusterFirst means where no cluster DNS is. Source: the kubelet's dns.go. */
function dnsOf({ spec }: PodDocument, device: Resolver | undefined): Resolver | undefined {
  const { dnsConfig, dnsPolicy } = spec;
  if (!dnsConfig) return undefined;
  const base = (dnsPolicy !== 'None' && device) || { nameservers: [], searches: [], options: [] };
  const asked = (dnsConfig.options ?? []).map(({ name = '', value }) => (value ? `${name}:${value}` : name));
  const isAsked = (option: string) => asked.some(each => each.split(':')[0] === option.split(':')[0]);
  const unique = (list: readonly string[]) => [...new Set(list)];
  return {
    nameservers: unique([...base.nameservers, ...(dnsConfig.nameservers ?? [])]),
    searches: unique([...base.searches, ...(dnsConfig.searches ?? [])]),
    options: [...base.options.filter(option => !isAsked(option)), ...asked],
  };
}

function publishedPorts({ spec }: PodDocument): ContainerSpec['ports'] {
  const sidecars = (spec.initContainers ?? []).filter(each => each.restartPolicy === 'Always');
  const ports = [...spec.containers, ...sidecars].flatMap(each => each.ports ?? []);
  return ports.flatMap(({ containerPort, hostPort, hostIP, protocol = 'TCP' }) => {
    if (!hostPort) return [];
    if (protocol !== 'TCP' && protocol !== 'UDP')
      throw new RenderError(`hostPort ${hostPort}: protocol ${protocol} is not supported`);
    return [{ containerPort, hostPort, hostIp: hostIP || undefined, protocol }];
  });
}
