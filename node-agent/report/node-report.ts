/** What the device is, as its Node says it. Pure. */
import { MAX_PODS_PER_NODE } from '../../shared/protocol/limits.ts';
import type { NodeReport } from '../../shared/protocol/messages.ts';
import { GIT_VERSION } from '../../shared/version.ts';
import { deviceAmounts, deviceLabels } from '../devices/describe-devices.ts';
import type { Device } from '../devices/device.ts';
import {
  allocatableOf,
  defaultReservedMemory,
  type NodeResources,
  type Reserved,
  resourceQuantities,
} from '../node-info/allocatable.ts';
import type { NodeHealthCondition } from '../node-info/condition.ts';
import { type NodeFacts, nodeSystemInfo } from '../node-info/facts.ts';
import type { Hardware } from '../node-info/hardware.ts';
import { nodeLabels } from '../node-info/labels.ts';
import type { Thresholds } from '../node-info/thresholds.ts';
import { RuntimeError, type RuntimeInfo } from '../runtime/container-runtime.ts';

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
  readonly isShuttingDown?: boolean;
  /** Absent before they were looked at. */
  readonly images?: NodeReport['images'];
  /** A share of the machine, for a device that is one of several on it. */
  readonly capacityCpuMilli?: number;
  readonly capacityMemoryBytes?: number;
  readonly reserved?: Reserved;
  /** Below which the device is short of something. */
  readonly thresholds: Thresholds;
};

/** What pods may use of the node. */
export function nodeAllocatable(input: NodeReportInput): NodeResources {
  return allocatableOf(capacityOf(input), reservedOf(input), input.thresholds);
}

function reservedOf({ facts, reserved, capacityMemoryBytes }: NodeReportInput): NodeResources {
  // Of a share of a machine nothing is the system's.
  const system = capacityMemoryBytes === undefined ? defaultReservedMemory(facts.memoryBytes) : 0;
  return {
    cpuMilli: reserved?.cpuMilli ?? 0,
    memoryBytes: reserved?.memoryBytes ?? system,
    storageBytes: reserved?.storageBytes ?? 0,
  };
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
    allocatable: { ...quantities(nodeAllocatable(input)), ...deviceAmounts(devices) },
    nodeInfo: nodeSystemInfo(facts, runtime, GIT_VERSION),
    addresses: facts.addresses.map(({ type, address }) => ({ type, address })),
    conditions: [readyCondition(input), ...health],
    volumesFolder: input.volumesFolder,
    ...(images && { images }),
  };
}

function readyCondition({ engine, isShuttingDown }: NodeReportInput): NodeReport['conditions'][number] {
  // In the kubelet's words.
  if (isShuttingDown)
    return { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' };
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

function capacityOf({ facts, capacityCpuMilli, capacityMemoryBytes }: NodeReportInput): NodeResources {
  return {
    cpuMilli: capacityCpuMilli ?? facts.cpuCount * 1000,
    memoryBytes: capacityMemoryBytes ?? facts.memoryBytes,
    storageBytes: facts.storageBytes,
  };
}

function quantities(resources: NodeResources): Record<string, string> {
  return { ...resourceQuantities(resources), pods: String(MAX_PODS_PER_NODE) };
}
