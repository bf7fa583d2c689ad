import { describe, expect, it } from 'vitest';
import type { NodeFacts } from '../node-info/facts.ts';
import { HARD_THRESHOLDS } from '../node-info/thresholds.ts';
import { RuntimeError } from '../runtime/container-runtime.ts';
import { type NodeReportInput, nodeAllocatable, nodeReport, usageInShare } from './node-report.ts';

const GIB = 2 ** 30;
const facts: NodeFacts = {
  hostname: 'shelf',
  deviceId: 'd',
  machineId: 'm',
  bootId: 'b',
  architecture: 'arm64',
  kernelVersion: '6.6',
  osImage: 'Debian',
  cpuCount: 4,
  memoryBytes: 4 * GIB,
  storageBytes: 32 * GIB,
  systemUuid: 'u',
  addresses: [{ type: 'InternalIP', address: '192.0.2.7' }],
};
const anInput = (more: Partial<NodeReportInput> = {}): NodeReportInput => ({
  nodeName: 'pi-1',
  facts,
  hardware: undefined,
  health: [],
  engine: undefined,
  thresholds: HARD_THRESHOLDS,
  ...more,
});

describe('the node as reported', () => {
  it('keeps some memory for the device itself, and less of a share of a machine', () => {
    expect(nodeAllocatable(anInput()).memoryBytes).toBe(4 * GIB - 260 * 2 ** 20);
    const share = anInput({ capacityMemoryBytes: 4 * GIB });
    expect(nodeAllocatable(share).memoryBytes).toBe(4 * GIB - 100 * 2 ** 20);
  });

  it('keeps as much memory free as it is told to', () => {
    const thresholds = { ...HARD_THRESHOLDS, 'memory.available': { amount: GIB } };
    const reserved = { memoryBytes: GIB };
    expect(nodeAllocatable(anInput({ thresholds, reserved })).memoryBytes).toBe(2 * GIB);
  });

  it('takes what was reserved for what it is', () => {
    const reserved = { cpuMilli: 250, memoryBytes: 0, storageBytes: GIB };
    expect(nodeReport(anInput({ reserved })).allocatable).toEqual({
      cpu: '3750m',
      memory: '3996Mi',
      'ephemeral-storage': '30Gi',
      pods: '110',
    });
    expect(nodeReport(anInput({ reserved })).capacity).toMatchObject({ 'ephemeral-storage': '32Gi' });
  });

  it('takes its share of what the machine uses', () => {
    const usage = { cpuMilli: 2000, memoryBytes: GIB, temperatureMilliCelsius: 41_000 };
    expect(usageInShare(usage, anInput())).toEqual(usage);
    const half = anInput({ capacityCpuMilli: 2000, capacityMemoryBytes: GIB });
    expect(usageInShare(usage, half)).toEqual({
      cpuMilli: 1000,
      memoryBytes: GIB / 4,
      temperatureMilliCelsius: 41_000,
    });
  });

  it('says what to do when the engine is not there', () => {
    const engine = new RuntimeError('info', 'unreachable', 'no Docker Engine at /var/run/docker.sock');
    const ready = nodeReport(anInput({ engine })).conditions.find(condition => condition.type === 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'ContainerRuntimeDown' });
    expect(ready?.message).toContain('apt-get install docker.io');
  });

  it('is not ready while it shuts down', () => {
    const { conditions } = nodeReport(anInput({ isShuttingDown: true }));
    expect(conditions[0]).toMatchObject({ type: 'Ready', status: 'False', message: 'node is shutting down' });
  });

  it('is told apart from others on its machine by its label', () => {
    expect(nodeReport(anInput()).labels['kubernetes.io/hostname']).toBe('pi-1');
  });
});
