/**
 * A device that is no device: an agent process with a data folder and a network cable of its own, on this machine's
 * engine. Owns both, and can be unplugged either way.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cable, type CableEnd } from './cable.ts';
import type { DeviceState } from './control-socket.ts';
import { AGENT_LAUNCH } from './launch-options.ts';
import { type ProcessDeps, SupervisedProcess } from './supervised-process.ts';

export type DeviceWanted = {
  readonly name: string;
  readonly dataDir: string;
  readonly logPath: string;
  readonly agentScript: string;
  readonly broker: CableEnd;
  readonly tokenPath: string;
  readonly dockerSocket: string;
  /** Absent: the whole machine. */
  readonly capacity?: { readonly cpu: string; readonly memory: string };
};

/** A device that dies comes back about as late as one that reboots, so that its pods have moved by then. */
const RESTART = { firstMs: 10_000, capMs: 120_000, soundAfterMs: 60_000 } as const;
/** An agent leaves its containers alone when it stops, so this is soon done, milliseconds. */
const STOP_GRACE_MS = 5000;

export class VirtualDevice {
  private readonly wanted: DeviceWanted;
  private readonly deps: ProcessDeps;
  private readonly cable: Cable;
  private agent: SupervisedProcess | undefined;

  constructor(deps: ProcessDeps, wanted: DeviceWanted) {
    this.deps = deps;
    this.wanted = wanted;
    this.cable = new Cable(wanted.broker);
  }

  get name(): string {
    return this.wanted.name;
  }

  /** True once the agent has credentials of its own and needs no token. */
  get hasJoined(): boolean {
    return existsSync(join(this.wanted.dataDir, 'credentials.json'));
  }

  get state(): DeviceState['state'] {
    if (!this.agent?.isRunning) return 'down';
    return this.cable.isCut ? 'cut' : 'up';
  }

  /** Plugs in the cable and starts the agent; afterwards only starts an agent that is down. */
  async start(): Promise<void> {
    if (this.agent === undefined) {
      const port = await this.cable.open();
      this.agent = new SupervisedProcess(this.deps, {
        name: this.name,
        args: () => [this.wanted.agentScript, ...agentFlags(this.wanted, port)],
        logPath: this.wanted.logPath,
        restart: RESTART,
        launch: AGENT_LAUNCH,
      });
    }
    this.agent.start();
  }

  cut(): void {
    this.cable.cut();
  }

  join(): void {
    this.cable.join();
  }

  /** The power plug: SIGKILL, and down until `start`. */
  async kill(): Promise<void> {
    await this.agent?.kill();
  }

  /** Ends the agent in good order, and the cable. */
  async stop(): Promise<void> {
    await this.agent?.stop(STOP_GRACE_MS);
    this.cable.close();
  }
}

function agentFlags(wanted: DeviceWanted, port: number): string[] {
  const { name, dataDir, tokenPath, dockerSocket, capacity } = wanted;
  return [
    ...['--master', `mqtt://127.0.0.1:${port}`, '--data-dir', dataDir, '--name', name],
    ...['--device-id', deviceId(dataDir), '--docker-socket', dockerSocket],
    // What is attached to the machine cannot be had by each of its virtual devices.
    ...['--device-root', deviceRoot(dataDir)],
    // The engine is the machine's: what else its user keeps there is not for a virtual device to remove.
    ...['--image-gc-high-threshold', '100'],
    // Its pods end with the cluster, not with the machine's own shutdown.
    ...['--shutdown-grace-period', '0'],
    // The file is gone once every device has joined, and an agent refuses to start on one that is not there.
    ...(existsSync(tokenPath) ? ['--token-file', tokenPath] : []),
    ...(capacity ? ['--capacity-cpu', capacity.cpu, '--capacity-memory', capacity.memory] : []),
  ];
}

/** A folder for what a user plugs into it, with `mknod`. */
function deviceRoot(dataDir: string): string {
  const root = join(dataDir, 'attached');
  mkdirSync(join(root, 'dev'), { recursive: true, mode: 0o700 });
  return root;
}

/** What a serial number is to a Pi: made once, and kept with the device's data. */
function deviceId(dataDir: string): string {
  const path = join(dataDir, 'device-id');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) writeFileSync(path, `virtual-${randomUUID()}\n`);
  return readFileSync(path, 'utf8').trim();
}
