/** What a pod asks of its node. Pure. */
import type { Container, PodSpec } from '../../shared/kubernetes/objects.ts';
import { parseBytes, parseCpuMilli } from '../../shared/quantity.ts';

/** Amounts by resource name: `cpu` in thousandths of a core, all others in whole units (bytes, devices). */
export type Amounts = Readonly<Record<string, number>>;

/** Containers run together, and after the init containers, which run one by one beside the sidecars before them. */
export function podRequests(spec: PodSpec): Amounts {
  const running: Record<string, number> = {};
  const peak: Record<string, number> = {};
  for (const container of spec.initContainers ?? []) {
    const asked = containerRequests(container);
    if (container.restartPolicy === 'Always') add(running, asked);
    else raise(peak, sumOf(running, asked));
  }
  for (const container of spec.containers) add(running, containerRequests(container));
  raise(peak, running);
  add(peak, amountsOf(spec.overhead));
  return peak;
}

/** A resource with a limit and no request asks for its limit, as Kubernetes defaults it. */
function containerRequests({ resources }: Container): Amounts {
  return amountsOf({ ...resources?.limits, ...resources?.requests });
}

/** Quantities as amounts; what is no quantity counts as nothing. */
export function amountsOf(quantities: Readonly<Record<string, string | number>> | undefined): Amounts {
  const amounts: Record<string, number> = {};
  for (const [name, quantity] of Object.entries(quantities ?? {}))
    amounts[name] = (name === 'cpu' ? parseCpuMilli(quantity) : parseBytes(quantity)) ?? 0;
  return amounts;
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
