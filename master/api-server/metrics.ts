/** metrics.k8s.io: usage as the nodes last said it, from memory. Nothing of it is stored. */
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { TEMPERATURE_RESOURCE } from '../../shared/kubernetes/metrics.ts';
import { matchesRequirements, parseLabelSelector } from '../../shared/kubernetes/selectors.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import type { UsageReader } from '../watch/usage-reader.ts';
import type { Exchange } from './exchange.ts';
import type { ResourcePath } from './resource-path.ts';

type MetricsDeps = { readonly view: ClusterView; readonly usage: UsageReader; readonly nowMs: number };

/** Seconds between a device's samples; the window that a figure stands for. */
const WINDOW = '10s';
const API_VERSION = 'metrics.k8s.io/v1beta1';

export function sendMetrics(deps: MetricsDeps, exchange: Exchange, path: ResourcePath): void {
  if (exchange.method !== 'GET') throw new ApiError('MethodNotAllowed', 'metrics are read-only');
  const labels = parseLabelSelector(exchange.query('labelSelector') ?? '');
  if (!labels.ok) throw new ApiError('BadRequest', `unable to parse labelSelector: ${labels.reason}`);
  const isNodes = path.plural === 'nodes';
  const items = isNodes
    ? nodeMetrics(deps)
    : path.plural === 'pods'
      ? podMetrics(deps, path.namespace)
      : undefined;
  if (items === undefined) throw new ApiError('NotFound', 'the server could not find the requested resource');
  const kind = isNodes ? 'NodeMetrics' : 'PodMetrics';
  if (path.name === undefined) {
    const selected = items.filter(({ metadata }) =>
      matchesRequirements(labels.requirements, metadata.labels),
    );
    exchange.sendJson(
      200,
      JSON.stringify({ kind: `${kind}List`, apiVersion: API_VERSION, metadata: {}, items: selected }),
    );
    return;
  }
  const item = items.find(({ metadata }) => metadata.name === path.name);
  if (item === undefined)
    throw new ApiError('NotFound', `${path.plural}.metrics.k8s.io "${path.name}" not found`, {
      name: path.name,
      group: 'metrics.k8s.io',
      kind: path.plural,
    });
  exchange.sendJson(200, JSON.stringify({ kind, apiVersion: API_VERSION, ...item }));
}

function quantities({ cpuMilli, memoryBytes }: { readonly cpuMilli: number; readonly memoryBytes: number }) {
  return { cpu: `${cpuMilli}m`, memory: `${Math.ceil(memoryBytes / 1024)}Ki` };
}

function nodeMetrics({ view, usage }: MetricsDeps) {
  return view.list('Node').flatMap(({ metadata }) => {
    const last = usage.lastHeartbeatMs(metadata.name);
    const used = usage.usageOf(metadata.name);
    if (last === undefined || used === undefined) return [];
    const temperature = used.temperatureMilliCelsius;
    return [
      {
        metadata: {
          name: metadata.name,
          labels: metadata.labels ?? {},
          creationTimestamp: metadata.creationTimestamp,
        },
        // When the node was last heard of: milliseconds matter to who watches a device fall silent.
        timestamp: new Date(last).toISOString(),
        window: WINDOW,
        usage: {
          ...quantities(used),
          ...(temperature === undefined ? {} : { [TEMPERATURE_RESOURCE]: `${temperature}m` }),
        },
      },
    ];
  });
}

function podMetrics({ view, usage, nowMs }: MetricsDeps, namespace: string | undefined) {
  return view.list('Pod', namespace).flatMap(pod => {
    const containers = usage.podUsage(pod);
    if (containers === undefined || containers.length === 0) return [];
    const { name, namespace: home, labels = {}, creationTimestamp } = pod.metadata;
    return [
      {
        metadata: { name, namespace: home, labels, creationTimestamp },
        timestamp: formatTime(usage.lastHeartbeatMs(pod.spec.nodeName ?? '') ?? nowMs),
        window: WINDOW,
        containers: containers.map(container => ({ name: container.name, usage: quantities(container) })),
      },
    ];
  });
}
