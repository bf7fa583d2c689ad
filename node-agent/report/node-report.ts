/** What the device is, as its Node says it. Pure. */
import { MAX_PODS_PER_NODE } from '../../shared/protocol/limits.ts';
import type { NodeReport } from '../../shared/protocol/messages.ts';
import { formatBytes, formatCpuMilli } from '../../shared/quantity.ts';
import { GIT_VERSION } from '../../shared/version.ts';
import { deviceAmounts, deviceLabels } from '../devices/describe-devices.ts';
import type { Device } from '../devices/device.ts';
import type { NodeHealthCondition } from '../node-info/conditions.ts';
import { type NodeFacts, nodeSystemInfo } from '../node-info/facts.ts';
import type { Hardware } from '../node-info/hardware.ts';
import { nodeLabels } from '../node-info/labels.ts';
import { RuntimeError, type RuntimeInfo } from '../runtime/container-runtime.ts';

/** Memory that stays the device's own, as the kubelet keeps 100 MiB from pods; a tenth on a device with little. */
const RESERVED_BYTES_MAX = 100 * 1024 * 1024;

export type NodeReportInput = {
  readonly nodeName: string;
  readonly facts: NodeFacts;
  readonly hardware: Hardware | undefined;
  /** What is attached to it; none without. */
  readonly devices?: readonly Device[];
  /** In which the agent makes volumes that outlive pods. */
  readonly volumesFolder?: string;
  readonly health: readonly NodeHealthCondition[];
  /** What the engine said last; undefined before it was asked. */
  readonly engine: RuntimeInfo | RuntimeError | undefined;
  /** Absent before they were looked at. */
  readonly images?: NodeReport['images'];
  /** A share of the machine, for a device that is one of several on it. */
  readonly capacityCpuMilli?: number;
  readonly capacityMemoryBytes?: number;
};

/** Thousandths of a core and bytes that pods may use. */
export function allocatableOf(input: NodeReportInput): {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
} {
  const { cpuMilli, memoryBytes } = capacityOf(input);
  return { cpuMilli, memoryBytes: memoryBytes - Math.min(RESERVED_BYTES_MAX, Math.ceil(memoryBytes / 10)) };
}

/** Usage of the whole machine as this device's own: the same share of its capacity. */
export function usageInShare<T extends { readonly cpuMilli: number; readonly memoryBytes: number }>(
  usage: T,
  input: NodeReportInput,
): T {
  const capacity = capacityOf(input);
  const { cpuCount, memoryBytes } = input.facts;
  return {
    ...usage,
    cpuMilli: Math.round((usage.cpuMilli * capacity.cpuMilli) / (cpuCount * 1000)),
    memoryBytes: Math.round((usage.memoryBytes * capacity.memoryBytes) / memoryBytes),
  };
}

/** The node as reported to the master. */
export function nodeReport(input: NodeReportInput): NodeReport {
  const { nodeName, facts, hardware, devices = [], health, engine, images } = input;
  const runtime = engine instanceof RuntimeError ? undefined : engine;
  return {
    // Several virtual devices share a host name; the label must tell nodes apart, as topology spread relies on it.
    labels: { ...nodeLabels(facts, hardware), ...deviceLabels(devices), 'kubernetes.io/hostname': nodeName },
    capacity: { ...quantities(capacityOf(input)), ...deviceAmounts(devices) },
    allocatable: { ...quantities(allocatableOf(input)), ...deviceAmounts(devices) },
    nodeInfo: nodeSystemInfo(facts, runtime, GIT_VERSION),
    addresses: facts.addresses.map(({ type, address }) => ({ type, address })),
    conditions: [readyCondition(engine), ...health],
    volumesFolder: input.volumesFolder,
    ...(images && { images }),
  };
}

function readyCondition(engine: NodeReportInput['engine']): NodeReport['conditions'][number] {
  if (engine instanceof RuntimeError)
    return {
      type: 'Ready',
      status: 'False',
      reason: 'ContainerRuntimeDown',
      message: `${engine.message}; on the device, install it with "apt-get install docker.io" or start it with "systemctl start docker"`,
    };
  if (engine === undefined)
    return {
      type: 'Ready',
      status: 'Unknown',
      reason: 'Starting',
      message: 'the container engine was not asked yet',
    };
  return { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'the agent is ready to run pods' };
}

function capacityOf({ facts, capacityCpuMilli, capacityMemoryBytes }: NodeReportInput): {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
} {
  return {
    cpuMilli: capacityCpuMilli ?? facts.cpuCount * 1000,
    memoryBytes: capacityMemoryBytes ?? facts.memoryBytes,
  };
}

function quantities(amounts: {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}): Record<string, string> {
  return {
    cpu: formatCpuMilli(amounts.cpuMilli),
    memory: formatBytes(amounts.memoryBytes),
    pods: String(MAX_PODS_PER_NODE),
  };
}
