/**
 * A cluster on this machine: a master and virtual devices, started in order and stopped in order. Owns the processes;
 * the engine and the terminal are its caller's.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { type Api, openApi } from './api.ts';
import { shareOfMachine } from './capacity.ts';
import type { ControlRequest, DeviceState } from './control-socket.ts';
import { createJoinToken } from './join-token.ts';
import { MASTER_LAUNCH } from './launch-options.ts';
import { deviceNames, type Layout } from './layout.ts';
import { lastLines } from './log-file.ts';
import type { UpOptions } from './options.ts';
import { localHost, publicHost } from './ports.ts';
import { UserError } from './shell.ts';
import { SupervisedProcess } from './supervised-process.ts';
import { VirtualDevice } from './virtual-device.ts';

export type ClusterDeps = {
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** Folder of the built programs. */
  readonly dist: string;
};

const MASTER_RESTART = { firstMs: 1000, capMs: 30_000, soundAfterMs: 60_000 } as const;
/** Draining and a last commit to the store, milliseconds. */
const MASTER_STOP_GRACE_MS = 10_000;
/** So many deaths in a row before it ever served: it will not get better by itself. */
const HOPELESS_DEATHS = 3;
const POLL_MS = 50;

export class LocalCluster {
  private readonly deps: ClusterDeps;
  private readonly layout: Layout;
  private readonly master: SupervisedProcess;
  private readonly devices: readonly VirtualDevice[];
  private clusterId: string | undefined;

  constructor(deps: ClusterDeps, options: UpOptions, layout: Layout) {
    this.deps = deps;
    this.layout = layout;
    this.master = new SupervisedProcess(deps, {
      name: 'master',
      args: () => [join(deps.dist, 'master.cjs'), ...masterFlags(options, layout)],
      logPath: layout.log('master'),
      restart: MASTER_RESTART,
      launch: MASTER_LAUNCH,
    });
    const machine = { cpus: availableParallelism(), memoryBytes: totalmem() };
    this.devices = deviceNames(options.nodes).map(
      name =>
        new VirtualDevice(deps, {
          name,
          dataDir: layout.device(name),
          logPath: layout.log(name),
          agentScript: join(deps.dist, 'agent.cjs'),
          broker: { host: localHost(options.listen), port: options.mqttPort },
          tokenPath: layout.joinToken,
          dockerSocket: options.dockerSocket,
          capacity: shareOfMachine(options.nodes, machine),
        }),
    );
  }

  /** The id that this cluster's containers are labelled with; undefined until its master has served. */
  get id(): string | undefined {
    return this.clusterId;
  }

  /** Devices of an earlier run that this one does not start. */
  get leftOut(): string[] {
    const known = existsSync(this.layout.devices) ? readdirSync(this.layout.devices) : [];
    return known.filter(name => !this.devices.some(device => device.name === name)).sort();
  }

  /** Starts the master and answers its API once it serves; throws UserError when it keeps dying. */
  async startMaster(signal: AbortSignal): Promise<Api> {
    this.master.start();
    for (;;) {
      const api = openApi(this.layout.kubeconfig);
      if (api !== undefined && (await api.isReady())) {
        this.clusterId = await api.clusterId();
        return api;
      }
      api?.close();
      if (this.master.deaths >= HOPELESS_DEATHS) {
        const words = lastLines(this.layout.log('master'), 5).join('\n');
        throw new UserError(`the master does not start:\n${words}`);
      }
      await this.deps.clock.sleep(POLL_MS, signal);
    }
  }

  /** Starts every device and waits until all their nodes are Ready. */
  async startDevices(api: Api, signal: AbortSignal): Promise<void> {
    const known = await api.nodes();
    const mustJoin = this.devices.some(({ hasJoined, name }) => !hasJoined || !known.has(name));
    const token = mustJoin ? await createJoinToken(api, this.layout.joinToken, this.deps.clock) : undefined;
    for (const device of this.devices) await device.start();
    await this.untilReady(api, signal);
    await token?.revoke();
  }

  private async untilReady(api: Api, signal: AbortSignal): Promise<void> {
    for (;;) {
      // The master may be away for a moment: then nothing is known to be Ready.
      const nodes = await api.nodes().catch(() => new Map<string, boolean>());
      if (this.devices.every(({ name }) => nodes.get(name) === true)) return;
      await this.deps.clock.sleep(POLL_MS, signal);
    }
  }

  /** Does what the control socket asks; throws an error that says why it cannot. */
  async control({ do: act, node }: ControlRequest): Promise<readonly DeviceState[]> {
    if (act !== 'list') await (node === 'master' ? this.controlMaster(act) : this.controlDevice(act, node));
    return this.devices.map(device => ({ node: device.name, state: device.state }));
  }

  private async controlMaster(act: 'cut' | 'join' | 'kill' | 'start'): Promise<void> {
    if (act === 'kill') await this.master.kill();
    else if (act === 'start') this.master.start();
    else throw new Error('the master has no cable to cut: kill it, or cut the devices');
  }

  private async controlDevice(act: 'cut' | 'join' | 'kill' | 'start', node = ''): Promise<void> {
    const device = this.devices.find(({ name }) => name === node);
    if (device === undefined) {
      const known = this.devices.map(({ name }) => name).join(', ') || 'none';
      throw new Error(`"${node}" is no virtual device of this cluster (there are: ${known})`);
    }
    await device[act]();
  }

  /** Stops the master, then the agents. Resolves when no process is left. */
  async stop(): Promise<void> {
    // The master first: it would take devices that say goodbye one by one for lost, and move their pods to the last.
    await this.master.stop(MASTER_STOP_GRACE_MS);
    await Promise.all(this.devices.map(device => device.stop()));
  }

  /** What the dashboard asks for; empty while the master has not written it. */
  get dashboardToken(): string {
    const path = this.layout.dashboardToken;
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  }
}

function masterFlags(options: UpOptions, layout: Layout): string[] {
  return [
    ...['--data-dir', layout.master, '--listen-host', options.listen],
    ...['--api-port', String(options.apiPort), '--mqtt-port', String(options.mqttPort)],
    ...['--public-host', publicHost(options.listen)],
    ...['--admin-kubeconfig', layout.kubeconfig, '--dashboard-token-file', layout.dashboardToken],
  ];
}
