/** What of a device pods may use. Pure. As the kubelet's node allocatable: capacity, less what is reserved, less what is always kept free. */
import { formatBytes, formatCpuMilli } from '../../shared/quantity.ts';
import { boundOf, type Thresholds } from './thresholds.ts';

export type NodeResources = {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  /** Of the disk with the agent's folder, where emptyDirs are; 0 when that is not known. */
  readonly storageBytes: number;
};

/** What the device's own programs take; what is absent has a default. */
export type Reserved = Partial<NodeResources>;

/**
 * What a small system with Docker and the agent takes: docs/node-health.md. A quarter at most, so that something is left of
 * a device with very little.
 */
const SYSTEM_MEMORY_BYTES = 160 * 1024 * 1024;
const SYSTEM_MEMORY_SHARE = 0.25;

/** Kept for the system of a whole device, where nothing else was said. */
export function defaultReservedMemory(memoryBytes: number): number {
  return Math.ceil(Math.min(SYSTEM_MEMORY_BYTES, memoryBytes * SYSTEM_MEMORY_SHARE));
}

/** Never below zero. */
export function allocatableOf(
  capacity: NodeResources,
  reserved: NodeResources,
  thresholds: Thresholds,
): NodeResources {
  const left = (total: number, ...taken: readonly number[]) =>
    Math.max(0, Math.floor(taken.reduce((rest, each) => rest - each, total)));
  const { cpuMilli, memoryBytes, storageBytes } = capacity;
  return {
    cpuMilli: left(cpuMilli, reserved.cpuMilli),
    memoryBytes: left(
      memoryBytes,
      reserved.memoryBytes,
      Math.ceil(boundOf(thresholds['memory.available'], memoryBytes)),
    ),
    storageBytes: left(
      storageBytes,
      reserved.storageBytes,
      Math.ceil(boundOf(thresholds['nodefs.available'], storageBytes)),
    ),
  };
}

/** By their names in the API; a disk that is not known is left out. */
export function resourceQuantities({
  cpuMilli,
  memoryBytes,
  storageBytes,
}: NodeResources): Record<string, string> {
  return {
    cpu: formatCpuMilli(cpuMilli),
    memory: formatBytes(memoryBytes),
    ...(storageBytes > 0 && { 'ephemeral-storage': formatBytes(storageBytes) }),
  };
}
