/** Gives Services their addresses and node ports, each to one Service alone. Pure. Source: Kubernetes's service REST storage. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../shared/kubernetes/api-error.ts';
import { invalid } from '../../shared/kubernetes/api-error.ts';
import type { Service } from '../../shared/kubernetes/objects.ts';
import { invalidValue } from './field-checks.ts';

/** 10.96.0.0/16: what Kubernetes's installers take too. */
const RANGE = { text: '10.96.0.0/16', first: (10 << 24) + (96 << 16), size: 2 ** 16 };
const NODE_PORTS = { first: 30_000, last: 32_767 };

/** The address of the Service `kubernetes`, the first of the range. */
export const API_SERVICE_ADDRESS = addressOf(RANGE.first + 1);

type Spec = Service['spec'];
type Taken<T> = { has(value: T): boolean; add(value: T): unknown };

/**
 * `service` with what it lacks. A change that leaves the address or a port out keeps what `current` has. Throws ApiError
 * Invalid when it wants what another one has, or nothing is free. `others`: every other Service.
 */
export function withAddresses(
  service: Service,
  current: Service | undefined,
  others: readonly Service[],
): Service {
  const given = { ...service, spec: withoutLeftovers(service.spec, current?.spec) };
  return given.spec.type === 'ExternalName' ? given : allocated(given, current, others);
}

function allocated(service: Service, current: Service | undefined, others: readonly Service[]): Service {
  const faults: StatusCause[] = [];
  const clusterIP = clusterIpOf(service, current, others, faults);
  const ports = portsOf(service, current, others, faults);
  if (faults.length > 0)
    throw invalid({ group: '', kind: 'Service', plural: 'services' }, service.metadata.name, faults);
  return {
    ...service,
    spec: {
      ...service.spec,
      clusterIP,
      clusterIPs: service.spec.clusterIPs?.length ? service.spec.clusterIPs : [clusterIP],
      ipFamilies: service.spec.ipFamilies ?? ['IPv4'],
      ipFamilyPolicy: service.spec.ipFamilyPolicy ?? 'SingleStack',
      ...(ports === undefined ? {} : { ports }),
    },
  };
}

const ONLY_EXTERNAL = [
  'externalTrafficPolicy',
  'allocateLoadBalancerNodePorts',
  'healthCheckNodePort',
] as const;
const ONLY_INTERNAL = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const;

/** What belongs to a type that the Service has just given up goes with it, unless the change asks for it anew. */
function withoutLeftovers(spec: Spec, current: Spec | undefined): Spec {
  if (current === undefined || current.type === spec.type) return spec;
  const gone: readonly string[] = [
    ...(spec.type === 'ClusterIP' ? ONLY_EXTERNAL : []),
    ...(spec.type === 'NodePort' ? ['allocateLoadBalancerNodePorts'] : []),
    ...(spec.type === 'ExternalName' ? [...ONLY_EXTERNAL, ...ONLY_INTERNAL, 'internalTrafficPolicy'] : []),
  ];
  const before = new Map<string, unknown>(Object.entries(current));
  return Object.fromEntries(
    Object.entries(spec).filter(
      ([name, value]) => !gone.includes(name) || !isDeepStrictEqual(value, before.get(name)),
    ),
  );
}

function clusterIpOf(
  { metadata, spec }: Service,
  current: Service | undefined,
  others: readonly Service[],
  faults: StatusCause[],
): string {
  const held = current?.spec.clusterIP;
  const wanted = spec.clusterIP || spec.clusterIPs?.[0] || held;
  const refuse = (why: string) => {
    faults.push(invalidValue('spec.clusterIPs', [wanted], `failed to allocate IP ${wanted}: ${why}`));
  };
  const taken = new Set(others.map(other => other.spec.clusterIP));
  if (wanted === undefined) {
    const offset = firstFree(seedOf(metadata.uid), RANGE.size - 2, at =>
      taken.has(addressOf(RANGE.first + 1 + at)),
    );
    if (offset !== undefined) return addressOf(RANGE.first + 1 + offset);
    faults.push(invalidValue('spec.clusterIPs', [], 'failed to allocate a serviceIP: range is full'));
    return '';
  }
  const number = numberOf(wanted);
  if (wanted === held || number === undefined) return wanted;
  if (number <= RANGE.first || number >= RANGE.first + RANGE.size - 1)
    refuse(`the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${RANGE.text}`);
  else if (taken.has(wanted)) refuse('provided IP is already allocated');
  return wanted;
}

function portsOf(
  { metadata, spec }: Service,
  current: Service | undefined,
  others: readonly Service[],
  faults: StatusCause[],
): Spec['ports'] {
  const isOpen =
    spec.type === 'NodePort' ||
    (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
  const before = current?.spec.ports ?? [];
  if (!isOpen) return spec.ports?.map(port => withoutHeldPort(port, before));
  const held = new Set(before.map(portKey));
  const taken = new Set([...others, { spec }].flatMap(other => other.spec.ports?.map(portKey) ?? []));
  const takenByOthers = new Set(others.flatMap(other => other.spec.ports?.map(portKey) ?? []));
  return spec.ports?.map((port, index) => {
    if (!port.nodePort) {
      const kept = before.find(old => old.port === port.port && old.protocol === port.protocol)?.nodePort;
      return {
        ...port,
        nodePort: kept ?? freePort(seedOf(metadata.uid) + index, port.protocol, taken, faults),
      };
    }
    const path = `spec.ports[${index}].nodePort`;
    if (held.has(portKey(port))) return port;
    if (port.nodePort < NODE_PORTS.first || port.nodePort > NODE_PORTS.last)
      faults.push(
        invalidValue(
          path,
          port.nodePort,
          `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`,
        ),
      );
    else if (takenByOthers.has(portKey(port)))
      faults.push(invalidValue(path, port.nodePort, 'provided port is already allocated'));
    return port;
  });
}

type Port = NonNullable<Spec['ports']>[number];

/** A Service that is no longer open on the nodes gives its ports back. */
function withoutHeldPort(port: Port, before: readonly Port[]): Port {
  if (!before.some(old => old.nodePort && portKey(old) === portKey(port))) return port;
  const { nodePort: _nodePort, ...rest } = port;
  return rest;
}

function portKey({ protocol, nodePort }: Port): string {
  return `${protocol ?? 'TCP'}/${nodePort ?? ''}`;
}

function freePort(
  seed: number,
  protocol: string | undefined,
  taken: Taken<string>,
  faults: StatusCause[],
): number {
  const key = (offset: number) => portKey({ port: 0, protocol, nodePort: NODE_PORTS.first + offset });
  const offset = firstFree(seed, NODE_PORTS.last - NODE_PORTS.first + 1, at => taken.has(key(at)));
  if (offset === undefined) {
    faults.push(invalidValue('spec.ports', [], 'failed to allocate a nodePort: range is full'));
    return 0;
  }
  taken.add(key(offset));
  return NODE_PORTS.first + offset;
}

/** The first offset below `size` that is not taken, from a place that the seed says; undefined when all are. */
function firstFree(seed: number, size: number, isTaken: (offset: number) => boolean): number | undefined {
  for (let step = 0; step < size; step++) {
    const offset = (seed + step) % size;
    if (!isTaken(offset)) return offset;
  }
  return undefined;
}

/** Uids are random: an address just given up is not the next one given out. */
function seedOf(uid: string): number {
  return Number.parseInt(uid.replaceAll('-', '').slice(0, 8), 16) || 0;
}

function addressOf(number: number): string {
  return [24, 16, 8, 0].map(shift => (number >>> shift) & 255).join('.');
}

function numberOf(address: string): number | undefined {
  const parts = address.split('.').map(Number);
  const isAddress =
    parts.length === 4 && parts.every(part => Number.isInteger(part) && part >= 0 && part < 256);
  return isAddress ? parts.reduce((sum, part) => sum * 256 + part, 0) : undefined;
}
