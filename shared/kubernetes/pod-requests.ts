/** What a pod asks of its node. Pure. */

import { formatBytes, formatCpuMilli, parseBytes, parseCpuMilli } from '../quantity.ts';
import type { Container, PodSpec } from './objects.ts';

/** Amounts by resource name: `cpu` in thousandths of a core, all others in whole units (bytes, devices). */
export type Amounts = Readonly<Record<string, number>>;

/** What the pod requests. A resource with a limit and no request asks for its limit, as Kubernetes defaults it. */
export function podRequests(spec: PodSpec): Amounts {
  return podTotal(spec, ({ resources }) => amountsOf({ ...resources?.limits, ...resources?.requests }));
}

/** What the pod is limited to; a container without a limit adds none. */
export function podLimits(spec: PodSpec): Amounts {
  return podTotal(spec, ({ resources }) => amountsOf(resources?.limits));
}

/** Containers run together, and after the init containers, which run one by one beside the sidecars before them. */
function podTotal(spec: PodSpec, of: (container: Container) => Amounts): Amounts {
  const running: Record<string, number> = {};
  const peak: Record<string, number> = {};
  for (const container of spec.initContainers ?? []) {
    const asked = of(container);
    if (container.restartPolicy === 'Always') add(running, asked);
    else raise(peak, sumOf(running, asked));
  }
  for (const container of spec.containers) add(running, of(container));
  raise(peak, running);
  add(peak, amountsOf(spec.overhead));
  return peak;
}

/** Quantities as amounts; what is no quantity counts as nothing. */
export function amountsOf(quantities: Readonly<Record<string, string | number>> | undefined): Amounts {
  const amounts: Record<string, number> = {};
  for (const [name, quantity] of Object.entries(quantities ?? {}))
    amounts[name] = (isCpu(name) ? parseCpuMilli(quantity) : parseBytes(quantity)) ?? 0;
  return amounts;
}

/** One amount as a quantity: the other way round. */
export function formatAmount(name: string, amount: number): string {
  if (isCpu(name)) return formatCpuMilli(amount);
  return /(memory|storage|hugepages-.*)$/.test(name) ? formatBytes(amount) : String(amount);
}

/** `cpu`, and `requests.cpu` and `limits.cpu` of a quota. */
function isCpu(name: string): boolean {
  return name === 'cpu' || name.endsWith('.cpu');
}

function sumOf(a: Amounts, b: Amounts): Amounts {
  const sum = { ...a };
  add(sum, b);
  return sum;
}

function add(to: Record<string, number>, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) to[name] = (to[name] ?? 0) + amount;
}

function raise(to: Record<string, number>, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) to[name] = Math.max(to[name] ?? 0, amount);
}
