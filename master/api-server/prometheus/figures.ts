/** GET /metrics: what the master tells Prometheus of itself. Names are those of Kubernetes and of Prometheus's libraries where they have one. */
import type { ClusterView } from '../../watch/cluster-view.ts';
import type { Metric } from './exposition.ts';
import type { RequestCount } from './request-count.ts';

export type FigureDeps = {
  readonly cache: ClusterView;
  readonly requests: RequestCount;
  readonly watches: { readonly count: number };
};

/** Each is read when it is asked for; nothing is sampled in between. */
export function figures({ cache, requests, watches }: FigureDeps): readonly Metric[] {
  const { user, system } = process.cpuUsage();
  return [
    {
      name: 'apiserver_request_total',
      help: 'Requests for resources that were answered.',
      type: 'counter',
      samples: requests.samples(),
    },
    {
      name: 'apiserver_longrunning_requests',
      help: 'Open watches.',
      type: 'gauge',
      samples: [{ labels: { verb: 'WATCH' }, value: watches.count }],
    },
    {
      name: 'pikelet_nodes',
      help: 'Nodes, by the status of their condition Ready.',
      type: 'gauge',
      samples: nodesByReadiness(cache),
    },
    gauge('pikelet_store_revision', 'Revision of the store that reads have seen.', cache.revision),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', process.memoryUsage.rss()),
    {
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      type: 'counter',
      samples: [{ labels: {}, value: (user + system) / 1_000_000 }],
    },
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, type: 'gauge', samples: [{ labels: {}, value }] };
}

function nodesByReadiness(cache: ClusterView) {
  const statuses = cache
    .list('Node')
    .map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown');
  return ['True', 'False', 'Unknown'].map(ready => ({
    labels: { ready },
    value: statuses.filter(status => status === ready).length,
  }));
}
