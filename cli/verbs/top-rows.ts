/** The tables of `top`. Pure; units and rounding are kubectl's: whole millicores and MiB. */
import { parseBytes, parseCpuMilli } from '../../shared/quantity.ts';
import { type JsonObject, listAt, textAt } from '../json.ts';

type SortBy = 'cpu' | 'memory' | undefined;
type Usage = { readonly cpuMilli: number; readonly memoryBytes: number };

const MIB = 1024 * 1024;
const nameOf = (object: unknown) => textAt(object, 'metadata', 'name') ?? '';

function usageOf(object: unknown, ...path: readonly string[]): Usage {
  return {
    cpuMilli: parseCpuMilli(textAt(object, ...path, 'cpu') ?? '0') ?? 0,
    memoryBytes: parseBytes(textAt(object, ...path, 'memory') ?? '0') ?? 0,
  };
}

function compare(sortBy: SortBy) {
  return (a: { key: string; usage: Usage }, b: { key: string; usage: Usage }) => {
    if (sortBy === 'cpu') return b.usage.cpuMilli - a.usage.cpuMilli;
    if (sortBy === 'memory') return b.usage.memoryBytes - a.usage.memoryBytes;
    return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
  };
}

const percent = (part: number, whole: number) =>
  whole === 0 ? '<unknown>' : `${Math.trunc((part / whole) * 100)}%`;

/** A row for each node; `<unknown>` for one without metrics, at the end. The first row is the titles. */
export function nodeTopRows(
  metrics: readonly JsonObject[],
  nodes: readonly JsonObject[],
  options: { readonly limits: 'allocatable' | 'capacity'; readonly sortBy: SortBy },
): readonly (readonly string[])[] {
  const byName = new Map(nodes.map(node => [nameOf(node), node]));
  const rows = metrics
    .map(metric => ({ key: nameOf(metric), usage: usageOf(metric, 'usage') }))
    .sort(compare(options.sortBy))
    .map(({ key, usage }) => {
      const limit = usageOf(byName.get(key), 'status', options.limits);
      return [
        key,
        `${usage.cpuMilli}m`,
        percent(usage.cpuMilli, limit.cpuMilli),
        `${Math.trunc(usage.memoryBytes / MIB)}Mi`,
        percent(usage.memoryBytes, limit.memoryBytes),
      ];
    });
  const measured = new Set(metrics.map(nameOf));
  const silent = nodes.map(nameOf).filter(name => !measured.has(name));
  const unknown = silent.sort().map(name => [name, '<unknown>', '<unknown>', '<unknown>', '<unknown>']);
  return [['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'], ...rows, ...unknown];
}

/** A row for each pod, or for each container. The first row is the titles. */
export function podTopRows(
  metrics: readonly JsonObject[],
  options: { readonly withNamespace: boolean; readonly containers: boolean; readonly sortBy: SortBy },
): readonly (readonly string[])[] {
  const titles = [
    ...(options.withNamespace ? ['NAMESPACE'] : []),
    ...(options.containers ? ['POD', 'NAME'] : ['NAME']),
    'CPU(cores)',
    'MEMORY(bytes)',
  ];
  const pods = metrics
    .map(metric => {
      const containers = listAt(metric, 'containers').map(container => ({
        name: textAt(container, 'name') ?? '',
        usage: usageOf(container, 'usage'),
      }));
      const sum = (field: keyof Usage) => containers.reduce((total, { usage }) => total + usage[field], 0);
      const namespace = textAt(metric, 'metadata', 'namespace') ?? '';
      const usage = { cpuMilli: sum('cpuMilli'), memoryBytes: sum('memoryBytes') };
      return { key: `${namespace}/${nameOf(metric)}`, namespace, name: nameOf(metric), containers, usage };
    })
    .sort(compare(options.sortBy));
  const figures = ({ cpuMilli, memoryBytes }: Usage) => [
    `${cpuMilli}m`,
    `${Math.trunc(memoryBytes / MIB)}Mi`,
  ];
  const rows = pods.flatMap(pod => {
    const start = options.withNamespace ? [pod.namespace, pod.name] : [pod.name];
    if (!options.containers) return [[...start, ...figures(pod.usage)]];
    return pod.containers.map(container => [...start, container.name, ...figures(container.usage)]);
  });
  return [titles, ...rows];
}
