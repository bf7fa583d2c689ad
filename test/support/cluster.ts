/**
 * A whole cluster for a test: the real `up` with real agents and real containers, in a folder and on ports of its own.
 * Owns its processes, containers and data, and leaves none of them behind.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { openApi } from '../../deploy/up/api.ts';
import { type Layout, layoutOf } from '../../deploy/up/layout.ts';
import { lastLines } from '../../deploy/up/log-file.ts';
import { systemClock } from '../../shared/clock.ts';
import { type CommandResult, runCommand } from './command.ts';
import { askUp } from './control-client.ts';
import { removeDeviceMemory } from './device-memory.ts';
import { kubectlPath } from './kubectl.ts';
import { built, freePort, ROOT, startUp, type UpProcess } from './up-process.ts';

export type ClusterOptions = {
  /** Virtual devices; 1 without. */
  readonly nodes?: number;
  /** An empty folder, such as one on a file system of its own; a temporary one without. */
  readonly dataDir?: string;
};

export type ClusterContainer = {
  readonly id: string;
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  /** As Docker says it: `running`, `exited`, … */
  readonly state: string;
};

/** The first start on a busy machine: build, image, three agents. */
const READY_WITHIN_MS = 90_000;
const LOG_LINES = 40;

/** One of a cluster's virtual devices. */
export type TestDevice = {
  readonly name: string;
  /** SIGKILL; it stays down until `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Silently: nothing gets through, and nobody is told. */
  cut(): Promise<void>;
  join(): Promise<void>;
  /** As a power cut does it: the agent and every container of the device die at once. */
  powerOff(): Promise<void>;
  /** `powerOff`, and `start`. */
  reboot(): Promise<void>;
};

type KnownCluster = {
  readonly id: string;
  readonly server: string;
  readonly broker: string;
  /** Of `up`. */
  readonly args: readonly string[];
};

export class TestCluster {
  readonly layout: Layout;
  readonly id: string;
  /** Such as `https://127.0.0.1:40123`. */
  readonly server: string;
  /** Such as `mqtt://127.0.0.1:40124`. */
  readonly broker: string;
  readonly docker = new Docker({ socketPath: '/var/run/docker.sock' });
  private readonly args: readonly string[];
  private up: UpProcess;

  constructor(up: UpProcess, layout: Layout, known: KnownCluster) {
    this.up = up;
    this.layout = layout;
    this.id = known.id;
    this.server = known.server;
    this.broker = known.broker;
    this.args = known.args;
  }

  get kubeconfig(): string {
    return this.layout.kubeconfig;
  }

  /** An unmodified kubectl with the admin kubeconfig. Throws where there is none: see kubectlPath. */
  kubectl(args: readonly string[], input?: string, env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
    if (kubectlPath === undefined) throw new Error('there is no kubectl here: skip the test by kubectlPath');
    const command = [kubectlPath, '--kubeconfig', this.kubeconfig, ...args] as const;
    return runCommand(command, { input, env: { ...process.env, ...env } });
  }

  /** The built `pikelet`, on this cluster. */
  pikelet(args: readonly string[], options: { readonly input?: string; readonly signal?: AbortSignal } = {}) {
    const program = join(ROOT, 'dist/pikelet.cjs');
    const env = { ...process.env, KUBECONFIG: undefined };
    return runCommand([process.execPath, program, '--data-dir', this.layout.dataDir, ...args], {
      ...options,
      env,
    });
  }

  /** SIGKILL; it stays down until `startMaster`. */
  async killMaster(): Promise<void> {
    await this.ask('kill', 'master');
  }

  /** Returns once the API serves. */
  async startMaster(): Promise<void> {
    await this.ask('start', 'master');
    const api = openApi(this.kubeconfig);
    if (api === undefined) throw new Error(`${this.kubeconfig} is not there`);
    const signal = AbortSignal.timeout(READY_WITHIN_MS);
    try {
      while (!(await api.isReady())) await systemClock.sleep(20, signal);
    } finally {
      api.close();
    }
  }

  /** The device `pi-<number>`, counted from 1, or by its name. */
  device(which: number | string): TestDevice {
    const name = typeof which === 'number' ? `pi-${which}` : which;
    const powerOff = async () => {
      await this.ask('kill', name);
      await this.killContainers(name);
    };
    return {
      name,
      kill: () => this.ask('kill', name),
      start: () => this.ask('start', name),
      cut: () => this.ask('cut', name),
      join: () => this.ask('join', name),
      powerOff,
      reboot: async () => {
        await powerOff();
        await this.ask('start', name);
      },
    };
  }

  /** Every container of this cluster, in whatever state; of one node when it is named. */
  async containers(node?: string): Promise<readonly ClusterContainer[]> {
    const owner = node === undefined ? 'dev.pikelet.node' : `dev.pikelet.node=${node}`;
    const filters = { label: [`dev.pikelet.cluster=${this.id}`, owner] };
    const found = await this.docker.listContainers({ all: true, filters });
    return found.map(({ Id, Labels, State }) => ({
      id: Id,
      node: Labels['dev.pikelet.node'] ?? '',
      namespace: Labels['dev.pikelet.pod-namespace'] ?? '',
      pod: Labels['dev.pikelet.pod-name'] ?? '',
      podUid: Labels['dev.pikelet.pod-uid'] ?? '',
      container: Labels['dev.pikelet.container'] ?? '',
      state: State,
    }));
  }

  /** Ctrl-C: ends every process and leaves the data. Answers up's exit code. */
  async interrupt(): Promise<number | null> {
    await this.up.stop('SIGINT');
    return this.up.ended;
  }

  /** `up` once more, with the same arguments, on what `interrupt` has left; returns when every node is Ready. */
  async startAgain(): Promise<void> {
    this.up = startUp(this.args);
    await this.up.untilSaid(/^ready: /m, READY_WITHIN_MS);
  }

  /** Ends everything and removes containers and data. */
  async stop(): Promise<void> {
    await this.up.stop('SIGINT');
    await Promise.all(
      (await this.containers()).map(({ id }) =>
        this.docker.getContainer(id).remove({ force: true, v: true }),
      ),
    );
    for (const device of existsSync(this.layout.devices) ? readdirSync(this.layout.devices) : [])
      await removeDeviceMemory(this.layout.device(device));
    rmSync(this.layout.dataDir, { recursive: true, force: true });
  }

  /** What `up` said, and the end of every program's log. */
  logs(): string {
    return ['--- up', this.up.output(), ...endsOfLogs(this.layout)].join('\n');
  }

  private async ask(act: 'cut' | 'join' | 'kill' | 'start', node: string): Promise<void> {
    await askUp(this.layout.controlSocket, act, node);
  }

  private async killContainers(node: string): Promise<void> {
    const running = (await this.containers(node)).filter(({ state }) => state === 'running');
    await Promise.all(running.map(({ id }) => this.docker.getContainer(id).kill()));
  }
}

/** Builds what is stale, starts a cluster and returns when every node is Ready; throws with all logs when it does not come up. */
export async function startCluster({ nodes = 1, dataDir }: ClusterOptions = {}): Promise<TestCluster> {
  await built();
  const layout = layoutOf(dataDir ?? mkdtempSync(join(tmpdir(), 'pikelet-e2e-')));
  const [apiPort, mqttPort] = [await freePort(), await freePort()];
  const ports = ['--api-port', String(apiPort), '--mqtt-port', String(mqttPort)];
  const args = ['--nodes', String(nodes), '--data-dir', layout.dataDir, ...ports];
  const up = startUp(args);
  try {
    await up.untilSaid(/^ready: /m, READY_WITHIN_MS);
    const api = openApi(layout.kubeconfig);
    if (api === undefined) throw new Error(`${layout.kubeconfig} is not there`);
    const broker = `mqtt://127.0.0.1:${mqttPort}`;
    const known = { id: await api.clusterId(), server: api.server, broker, args };
    api.close();
    return new TestCluster(up, layout, known);
  } catch (cause) {
    const ends = endsOfLogs(layout);
    await up.stop('SIGINT');
    rmSync(layout.dataDir, { recursive: true, force: true });
    throw new Error(`the cluster does not come up:\n${up.output()}\n${ends.join('\n')}`, { cause });
  }
}

function endsOfLogs(layout: Layout): string[] {
  const files = existsSync(layout.logs) ? readdirSync(layout.logs) : [];
  return files.flatMap(name => [`--- ${name}`, ...lastLines(join(layout.logs, name), LOG_LINES)]);
}
