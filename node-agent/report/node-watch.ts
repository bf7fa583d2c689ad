/** Keeps an eye on the device and its engine, and says so when what the node is has changed. */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import type { NodeReport } from '../../shared/protocol/messages.ts';
import type { Device } from '../devices/device.ts';
import { CLOCK_JUMP_MS, ENGINE_INFO_INTERVAL_MS, NODE_REPORT_INTERVAL_MS } from '../limits.ts';
import type { Reserved } from '../node-info/allocatable.ts';
import { checkpointFailing } from '../node-info/conditions.ts';
import type { Hardware } from '../node-info/hardware.ts';
import type { NodeObserver } from '../node-info/node-observer.ts';
import type { Sample } from '../node-info/sample.ts';
import { type ContainerRuntime, RuntimeError, type RuntimeInfo } from '../runtime/container-runtime.ts';
import { Waker } from '../sync/waker.ts';
import { type NodeReportInput, nodeAllocatable, nodeReport, usageInShare } from './node-report.ts';

export type NodeWatchDeps = {
  readonly runtime: ContainerRuntime;
  readonly observer: NodeObserver;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly capacityCpuMilli?: number;
  readonly capacityMemoryBytes?: number;
  readonly reserved?: Reserved;
  readonly volumesFolder?: string;
  readonly devices: () => readonly Device[];
  /** Why the checkpoint is not on disk; undefined when it is. */
  readonly checkpointFailure: () => string | undefined;
  readonly onNode: (node: NodeReport) => void;
};

export class NodeWatch {
  private readonly deps: NodeWatchDeps;
  private readonly waker = new Waker();
  private engine: RuntimeInfo | RuntimeError | undefined;
  private engineAskedAtMs = Number.NEGATIVE_INFINITY;
  private hardware: Hardware | undefined;
  private images: NodeReport['images'];
  private said = '';
  private saidClockOffsetMs = 0;
  private isShuttingDown = false;
  private input: NodeReportInput;

  constructor(deps: NodeWatchDeps) {
    this.deps = deps;
    this.input = this.describe([]);
  }

  /** What a container may ask of its node. */
  get facts(): {
    readonly hostIp: string;
    readonly allocatableCpuMilli: number;
    readonly allocatableMemoryBytes: number;
    readonly allocatableStorageBytes: number;
    /** Of the whole machine. */
    readonly memoryBytes: number;
  } {
    const { cpuMilli, memoryBytes, storageBytes } = nodeAllocatable(this.input);
    const { facts } = this.input;
    const hostIp = facts.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '';
    return {
      hostIp,
      allocatableCpuMilli: cpuMilli,
      allocatableMemoryBytes: memoryBytes,
      allocatableStorageBytes: storageBytes,
      memoryBytes: facts.memoryBytes,
    };
  }

  /** Types of the conditions that are True. */
  get troubles(): ReadonlySet<string> {
    return new Set(this.input.health.filter(({ status }) => status === 'True').map(({ type }) => type));
  }

  /** What the device uses; of a virtual one, its share of what the machine does. */
  sampleUsage(): Sample {
    return usageInShare(this.deps.observer.sample(), this.input);
  }

  /** Where the engine keeps its images; undefined until it has said so. */
  get imageFolder(): string | undefined {
    return this.engine !== undefined && 'dataRoot' in this.engine ? this.engine.dataRoot : undefined;
  }

  /** Part of the next report. */
  setImages(images: NonNullable<NodeReport['images']>): void {
    this.images = images;
    this.waker.wake();
  }

  /** The engine went away, or answers again: look at once. */
  engineChanged(): void {
    this.engineAskedAtMs = Number.NEGATIVE_INFINITY;
    this.waker.wake();
  }

  /** The device goes down: the node is not ready any more. */
  shuttingDown(): void {
    this.isShuttingDown = true;
    this.waker.wake();
  }

  /** Something was plugged in or out: look at once. */
  devicesChanged(): void {
    this.waker.wake();
  }

  /** Watches until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.deps;
    void this.askHardware(signal);
    while (!signal.aborted) {
      await this.look(signal);
      await this.waker.wait(clock, NODE_REPORT_INTERVAL_MS, signal);
    }
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { observer, clock, checkpointFailure, onNode, log } = this.deps;
    if (clock.monotonicMs() - this.engineAskedAtMs >= ENGINE_INFO_INTERVAL_MS) await this.askEngine(signal);
    if (signal.aborted) return;
    try {
      const health = await observer.health(this.engine);
      this.input = this.describe([...health, checkpointFailing(checkpointFailure())]);
    } catch (error) {
      log.warn({ err: error }, 'device could not be read');
      return;
    }
    const node = nodeReport(this.input);
    // Messages carry numbers that move all the time; a change of them alone is not worth a report.
    const essence = JSON.stringify({
      ...node,
      conditions: node.conditions.map(({ type, status, reason }) => [type, status, reason]),
    });
    // The report carries the time, by which the master sees whether the clock is right.
    const clockOffsetMs = clock.nowMs() - clock.monotonicMs();
    const hasJumped = Math.abs(clockOffsetMs - this.saidClockOffsetMs) >= CLOCK_JUMP_MS;
    if (essence === this.said && !hasJumped) return;
    this.said = essence;
    this.saidClockOffsetMs = clockOffsetMs;
    onNode(node);
  }

  private describe(health: NodeReportInput['health']): NodeReportInput {
    const { observer, nodeName, capacityCpuMilli, capacityMemoryBytes, reserved, volumesFolder, devices } =
      this.deps;
    const { engine, hardware, images, isShuttingDown } = this;
    return {
      nodeName,
      facts: observer.facts(),
      hardware,
      devices: devices(),
      health,
      engine,
      isShuttingDown,
      images,
      capacityCpuMilli,
      capacityMemoryBytes,
      reserved,
      thresholds: observer.thresholds,
      volumesFolder,
    };
  }

  /** A failing engine is asked again with the next look. */
  private async askEngine(signal: AbortSignal): Promise<void> {
    const { runtime, clock } = this.deps;
    try {
      this.engine = await runtime.info(signal);
      this.engineAskedAtMs = clock.monotonicMs();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof RuntimeError)) throw error;
      this.engine = error;
    }
  }

  private async askHardware(signal: AbortSignal): Promise<void> {
    try {
      this.hardware = await this.deps.observer.hardware(signal);
      if (this.hardware) this.waker.wake();
    } catch (error) {
      if (!signal.aborted) this.deps.log.debug({ err: error }, 'hardware not described');
    }
  }
}
