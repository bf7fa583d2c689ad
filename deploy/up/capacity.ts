/** What share of the machine each virtual device is. Pure. */
import { formatBytes, formatCpuMilli } from '../../shared/quantity.ts';

const MIB = 1024 * 1024;

/**
 * Quantities for one of `nodes` devices on a machine of `cpus` cores and `memoryBytes`, rounded down so that together
 * they never promise more than there is; undefined for a single device, which is the whole machine.
 */
export function shareOfMachine(
  nodes: number,
  machine: { readonly cpus: number; readonly memoryBytes: number },
): { readonly cpu: string; readonly memory: string } | undefined {
  if (nodes <= 1) return undefined;
  const cpuMilli = Math.floor((machine.cpus * 1000) / nodes);
  const memoryBytes = Math.floor(machine.memoryBytes / nodes / MIB) * MIB;
  return { cpu: formatCpuMilli(cpuMilli), memory: formatBytes(memoryBytes) };
}
