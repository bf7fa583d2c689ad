/** A node with what its pods hold of it: all that filters and scores look at. Pure. */
import type { Node, Pod } from '../../shared/kubernetes/objects.ts';
import { type Amounts, amountsOf, podRequests } from '../../shared/kubernetes/pod-requests.ts';
import { isPodTerminal } from '../../shared/kubernetes/pod-state.ts';
import { controllerOf } from '../../shared/kubernetes/references.ts';

/** One port of the node, as pods claim it. */
export type HostPort = { readonly protocol: string; readonly hostIP: string; readonly port: number };

/** What of a pod matters for placing it, worked out once. */
export type Claim = {
  readonly pod: Pod;
  readonly requests: Amounts;
  /** As `requests`, but never nothing: a pod that asks for nothing still weighs something when nodes are compared. */
  readonly weight: { readonly cpuMilli: number; readonly memoryBytes: number };
  readonly ports: readonly HostPort[];
  readonly controller: string | undefined;
  /** True when it refuses some neighbours. */
  readonly isAloof: boolean;
};

export type NodeLoad = {
  readonly node: Node;
  readonly allocatable: Amounts;
  readonly isReady: boolean;
  readonly claims: readonly Claim[];
  /** Those of the claims that refuse some neighbours. */
  readonly aloof: readonly Claim[];
  readonly requested: Amounts;
  readonly weight: { readonly cpuMilli: number; readonly memoryBytes: number };
  readonly ports: readonly HostPort[];
  /** Pods by the uid of their controller. */
  readonly siblings: ReadonlyMap<string, number>;
  /** Image names that the node holds. */
  readonly images: ReadonlySet<string>;
};

/** Kubernetes's weights for a pod without requests. */
const DULL_CPU_MILLI = 100;
const DULL_MEMORY_BYTES = 200 * 1024 * 1024;

/** The claim of one pod on whichever node it comes to. */
export function claimOf(pod: Pod): Claim {
  const requests = podRequests(pod.spec);
  return {
    pod,
    requests,
    weight: { cpuMilli: requests.cpu || DULL_CPU_MILLI, memoryBytes: requests.memory || DULL_MEMORY_BYTES },
    ports: hostPortsOf(pod),
    controller: controllerOf(pod)?.uid,
    isAloof:
      (pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).length > 0,
  };
}

function hostPortsOf({ spec }: Pod): readonly HostPort[] {
  return spec.containers
    .flatMap(container => container.ports ?? [])
    .flatMap(({ hostPort, protocol, hostIP, containerPort }) => {
      const port = hostPort || (spec.hostNetwork ? containerPort : 0);
      return port ? [{ protocol: protocol ?? 'TCP', hostIP: hostIP || '0.0.0.0', port }] : [];
    });
}

/** A node with these pods on it; those that have ended hold nothing. `toClaim` may remember claims. */
export function loadOf(node: Node, pods: readonly Pod[], toClaim: (pod: Pod) => Claim = claimOf): NodeLoad {
  return loadOfClaims(node, pods.filter(pod => !isPodTerminal(pod)).map(toClaim));
}

/** A node with exactly these claims on it. */
export function loadOfClaims(node: Node, claims: readonly Claim[]): NodeLoad {
  const requested: Record<string, number> = {};
  const siblings = new Map<string, number>();
  const weight = { cpuMilli: 0, memoryBytes: 0 };
  for (const claim of claims) {
    addTo(requested, claim.requests);
    weight.cpuMilli += claim.weight.cpuMilli;
    weight.memoryBytes += claim.weight.memoryBytes;
    countSibling(siblings, claim);
  }
  return {
    node,
    allocatable: amountsOf(node.status?.allocatable),
    isReady:
      node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true,
    claims,
    aloof: claims.filter(claim => claim.isAloof),
    requested,
    weight,
    ports: claims.flatMap(claim => claim.ports),
    siblings,
    images: new Set((node.status?.images ?? []).flatMap(image => image.names ?? [])),
  };
}

/** The same node with one pod more. */
export function withClaim(load: NodeLoad, claim: Claim): NodeLoad {
  const requested = { ...load.requested };
  addTo(requested, claim.requests);
  const siblings = new Map(load.siblings);
  countSibling(siblings, claim);
  return {
    ...load,
    claims: [...load.claims, claim],
    aloof: claim.isAloof ? [...load.aloof, claim] : load.aloof,
    requested,
    weight: {
      cpuMilli: load.weight.cpuMilli + claim.weight.cpuMilli,
      memoryBytes: load.weight.memoryBytes + claim.weight.memoryBytes,
    },
    ports: claim.ports.length === 0 ? load.ports : [...load.ports, ...claim.ports],
    siblings,
  };
}

function addTo(sum: Record<string, number>, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) sum[name] = (sum[name] ?? 0) + amount;
}

function countSibling(siblings: Map<string, number>, { controller, pod }: Claim): void {
  const isLeaving = pod.metadata.deletionTimestamp !== undefined;
  if (controller !== undefined && !isLeaving) siblings.set(controller, (siblings.get(controller) ?? 0) + 1);
}
