/** Everything that an agent tells of its device. */
import { hostname, networkInterfaces, release } from 'node:os';
import type { NodeHealthCondition } from './condition.ts';
import { type EngineAnswer, nodeConditions } from './conditions.ts';
import { type Host, type NodeFacts, readFacts } from './facts.ts';
import { askHardware, type Hardware } from './hardware.ts';
import { type CpuTimes, NO_CPU_TIMES, type Sample, takeSample } from './sample.ts';
import { systemFilesBelow } from './system-files.ts';
import { HARD_THRESHOLDS, type Thresholds } from './thresholds.ts';
import { diskBytes, readVitals } from './vitals.ts';

export type NodeObserver = {
  /** Below which the device is short of something. */
  readonly thresholds: Thresholds;
  /** What the device is. Cheap; addresses are those of now. */
  readonly facts: () => NodeFacts;
  /** What systeminformation knows of the hardware; takes a child process and a second or more, so ask once. Rejects when the child fails; undefined without a command. */
  readonly hardware: (signal?: AbortSignal) => Promise<Hardware | undefined>;
  /** What is in use since the last call. Cheap enough for every heartbeat: under a millisecond, no process. */
  readonly sample: () => Sample;
  /** All conditions but Ready. Messages carry numbers while there is pressure: compare type, status and reason to see a change. */
  readonly health: (engine: EngineAnswer) => Promise<readonly NodeHealthCondition[]>;
};

const HOST: Host = { hostname, arch: process.arch, release, interfaces: networkInterfaces };

/** Watches the device that this process runs on; keeps no timer and no open file. */
export function createNodeObserver(options: {
  /** The agent's own folder, whose disk is watched beside the engine's. */
  readonly agentFolder: string;
  /** Ends in `printHardware`: the agent's own program in another mode. */
  readonly hardwareCommand?: { readonly file: string; readonly args: readonly string[] };
  /** Where /proc, /sys and /etc are; default `/`. */
  readonly root?: string;
  readonly host?: Host;
  /** Default HARD_THRESHOLDS. */
  readonly thresholds?: Thresholds;
}): NodeObserver {
  const root = options.root ?? '/';
  const files = systemFilesBelow(root);
  const { agentFolder, hardwareCommand, host = HOST, thresholds = HARD_THRESHOLDS } = options;
  let cpuTimes: CpuTimes = NO_CPU_TIMES;
  let troubled: ReadonlySet<string> = new Set();
  // Kept while the engine is down: a full disk may be why it is.
  let engineFolder: string | undefined;
  return {
    thresholds,
    facts: () => readFacts(files, host, diskBytes(root, agentFolder)),
    hardware: async signal => hardwareCommand && askHardware(hardwareCommand, signal),
    sample() {
      const taken = takeSample(files, cpuTimes);
      cpuTimes = taken.cpuTimes;
      return taken.sample;
    },
    async health(engine) {
      if (engine !== undefined && 'dataRoot' in engine) engineFolder = engine.dataRoot;
      const vitals = await readVitals(files, root, { nodefs: agentFolder, imagefs: engineFolder });
      const conditions = nodeConditions(vitals, engine, troubled, thresholds);
      troubled = new Set(conditions.filter(({ status }) => status === 'True').map(({ type }) => type));
      return conditions;
    },
  };
}
