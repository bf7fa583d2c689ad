/** Which pods stand behind a Service, and under which ports. Pure. */
import type { Pod, Service } from '../../../shared/kubernetes/objects.ts';
import { isPodReady, isPodTerminal } from '../../../shared/kubernetes/pod-state.ts';
import { matchesLabelSelector } from '../../../shared/kubernetes/selectors.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';

export type BackendPort = {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
};

export type Backend = {
  readonly pod: Pod;
  readonly ip: string;
  /** Under which a headless Service names the pod. */
  readonly hostname?: string;
  readonly isReady: boolean;
  readonly isTerminating: boolean;
  readonly ports: readonly BackendPort[];
};

export function isSelectedBy(
  service: Service,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const matchLabels = service.spec.selector ?? {};
  return Object.keys(matchLabels).length > 0 && matchesLabelSelector({ matchLabels }, labels);
}

/** Every pod of the Service that has an address and may still serve, by address. */
export function backendsOf(service: Service, view: ClusterView): readonly Backend[] {
  const { name, namespace } = service.metadata;
  return view
    .list('Pod', namespace)
    .filter(pod => isSelectedBy(service, pod.metadata.labels) && !isPodTerminal(pod))
    .flatMap(pod => {
      const ip = pod.status?.podIP;
      if (!ip) return [];
      const { hostname, subdomain } = pod.spec;
      return {
        pod,
        ip,
        ...(hostname && subdomain === name ? { hostname } : {}),
        isReady: isPodReady(pod),
        isTerminating: pod.metadata.deletionTimestamp !== undefined,
        ports: portsOf(service, pod),
      };
    })
    .sort((a, b) => compareText(a.ip, b.ip) || compareText(a.pod.metadata.name, b.pod.metadata.name));
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A port that the pod does not name is left out, as in Kubernetes. */
function portsOf(service: Service, pod: Pod): BackendPort[] {
  return (service.spec.ports ?? []).flatMap(
    ({ name = '', port, protocol = 'TCP', targetPort, appProtocol }) => {
      const found =
        typeof targetPort === 'string' ? namedPort(pod, targetPort, protocol) : (targetPort ?? port);
      return found === undefined
        ? []
        : [{ name, port: found, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
    },
  );
}

function namedPort({ spec }: Pod, wanted: string, protocol: string): number | undefined {
  return [...spec.containers, ...(spec.initContainers ?? [])]
    .flatMap(({ ports = [] }) => ports)
    .find(({ name, protocol: own = 'TCP' }) => name === wanted && own === protocol)?.containerPort;
}

/** What a client is told of the pod behind an address. */
export function targetOf({ pod }: Backend) {
  const { name, namespace, uid } = pod.metadata;
  return {
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

/** Backends with the same ports together, in a settled order. */
export function byPorts(backends: readonly Backend[]): readonly (readonly Backend[])[] {
  const groups = new Map<string, Backend[]>();
  for (const backend of backends) {
    const key = JSON.stringify(backend.ports);
    groups.set(key, [...(groups.get(key) ?? []), backend]);
  }
  return [...groups].sort(([a], [b]) => compareText(a, b)).map(([, group]) => group);
}
