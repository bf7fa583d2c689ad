/** What the page shows, derived from the API's objects. Pure. */
import { TEMPERATURE_RESOURCE } from '../shared/kubernetes/metrics.ts';
import { formatDuration } from '../shared/kubernetes/time.ts';
import { parseBytes, parseCpuMilli } from '../shared/quantity.ts';
import type { Condition, Node, NodeMetrics, Pod } from './objects.ts';

/** State → what it is called and which colour it has: the one table of both. */
export const NODE_STATES = {
  ready: { label: 'Ready', tone: 'good' },
  cordoned: { label: 'Ready, cordoned', tone: 'warn' },
  notReady: { label: 'NotReady', tone: 'bad' },
} as const;
export type NodeState = keyof typeof NODE_STATES;

export type Share = { readonly used: number; readonly total: number };
export type NodeRow = {
  readonly name: string;
  readonly state: NodeState;
  /** Why it is not ready, and everything else that ails it, in words that say what to do. */
  readonly ailments: readonly string[];
  readonly cpuMilli: Share | undefined;
  readonly memoryBytes: Share | undefined;
  readonly temperatureCelsius: number | undefined;
  readonly heartbeatAgo: string;
  readonly age: string;
  readonly about: string;
  readonly pods: readonly PodRow[];
};

export type PodRow = {
  readonly key: string;
  readonly name: string;
  readonly namespace: string;
  readonly status: string;
  readonly tone: 'good' | 'warn' | 'bad';
  readonly ready: string;
  readonly restarts: number;
  readonly age: string;
};

export type View = {
  readonly nodes: readonly NodeRow[];
  readonly unplaced: readonly PodRow[];
  readonly readyNodes: number;
  readonly runningPods: number;
};

export type Objects = {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly metrics: readonly NodeMetrics[];
};

export function viewOf({ nodes, pods, metrics }: Objects, nowMs: number): View {
  const usage = new Map(metrics.map(item => [item.metadata.name, item]));
  const rowsOf = (name: string) =>
    pods
      .filter(pod => (pod.spec.nodeName ?? '') === name)
      .map(pod => podRow(pod, nowMs))
      .sort(byKey);
  const rows = nodes.map(node =>
    nodeRow(node, usage.get(node.metadata.name), rowsOf(node.metadata.name), nowMs),
  );
  return {
    nodes: rows.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true })),
    unplaced: rowsOf(''),
    readyNodes: rows.filter(row => row.state !== 'notReady').length,
    runningPods: pods.filter(pod => podStatus(pod) === 'Running').length,
  };
}

function byKey(a: PodRow, b: PodRow): number {
  return a.key < b.key ? -1 : 1;
}

function nodeRow(
  node: Node,
  metrics: NodeMetrics | undefined,
  pods: readonly PodRow[],
  nowMs: number,
): NodeRow {
  const { metadata, spec, status } = node;
  const conditions = status?.conditions ?? [];
  const ready = conditions.find(condition => condition.type === 'Ready');
  const isReady = ready?.status === 'True';
  // A lost node has no usage any more; its condition then says when it was heard last.
  const heard = metrics?.timestamp ?? ready?.lastHeartbeatTime;
  const { osImage, architecture, containerRuntimeVersion } = status?.nodeInfo ?? {};
  const temperature = metrics?.usage[TEMPERATURE_RESOURCE];
  return {
    name: metadata.name,
    state: isReady ? (spec?.unschedulable ? 'cordoned' : 'ready') : 'notReady',
    ailments: conditions.flatMap(ailment),
    cpuMilli: share(metrics?.usage.cpu, status?.allocatable?.cpu, parseCpuMilli),
    memoryBytes: share(metrics?.usage.memory, status?.allocatable?.memory, parseBytes),
    temperatureCelsius: temperature === undefined ? undefined : (parseCpuMilli(temperature) ?? 0) / 1000,
    heartbeatAgo: heard === undefined ? 'never' : formatAgo((nowMs - Date.parse(heard)) / 1000),
    age: ageOf(metadata.creationTimestamp, nowMs),
    about: [osImage, architecture, containerRuntimeVersion].filter(Boolean).join(' · '),
    pods,
  };
}

/** A condition that is as it should not be: Ready that is not True, or any other that is. */
function ailment({ type, status, reason, message }: Condition): string[] {
  const isWell = type === 'Ready' ? status === 'True' : status !== 'True';
  return isWell ? [] : [`${type === 'Ready' ? (reason ?? 'NotReady') : type}: ${message ?? ''}`];
}

function share(
  used: string | undefined,
  total: string | undefined,
  parse: (text: string) => number | undefined,
): Share | undefined {
  const [a, b] = [parse(used ?? ''), parse(total ?? '')];
  return a === undefined || b === undefined || b === 0 ? undefined : { used: a, total: b };
}

function podRow(pod: Pod, nowMs: number): PodRow {
  const { name, namespace = '', creationTimestamp } = pod.metadata;
  const statuses = pod.status?.containerStatuses ?? [];
  const status = podStatus(pod);
  return {
    key: `${namespace}/${name}`,
    name,
    namespace,
    status,
    tone:
      status === 'Running' || status === 'Completed' || status === 'Succeeded'
        ? 'good'
        : QUIET.has(status)
          ? 'warn'
          : 'bad',
    ready: `${statuses.filter(({ ready }) => ready).length}/${pod.spec.containers.length}`,
    restarts: statuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
    age: ageOf(creationTimestamp, nowMs),
  };
}

/** States that pass by themselves. */
const QUIET: ReadonlySet<string> = new Set([
  'Pending',
  'ContainerCreating',
  'PodInitializing',
  'Terminating',
]);

/** What kubectl's STATUS column says. */
export function podStatus({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const { state } of status?.containerStatuses ?? []) {
    if (state?.waiting?.reason) return state.waiting.reason;
    if (state?.terminated) return state.terminated.reason ?? `ExitCode:${state.terminated.exitCode}`;
  }
  return status?.phase ?? 'Unknown';
}

function ageOf(time: string | undefined, nowMs: number): string {
  return time === undefined ? '' : formatDuration(Math.max(0, (nowMs - Date.parse(time)) / 1000));
}

function formatAgo(seconds: number): string {
  return seconds < 10 ? `${Math.max(0, seconds).toFixed(1)} s` : formatDuration(seconds);
}

/** "1.2 GB": memory for people. */
export function formatMemory(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}
