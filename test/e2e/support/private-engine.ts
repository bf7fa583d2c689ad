/**
 * A Docker Engine of a test's own, to be killed, robbed and damaged: in a folder and namespaces of its own, which
 * end with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { until } from './until.ts';

export class PrivateEngine {
  readonly docker: Docker;
  readonly socket: string;
  readonly dataRoot: string;
  private readonly folder: string;
  private daemon: ChildProcess | undefined;
  private said = '';

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'pikelet-engine-'));
    this.socket = join(this.folder, 'docker.sock');
    this.dataRoot = join(this.folder, 'data');
    this.docker = new Docker({ socketPath: this.socket });
  }

  /** Resolves once it answers. */
  async start(): Promise<void> {
    const at = (name: string) => join(this.folder, name);
    rmSync(at('pid'), { force: true });
    const places = `--data-root ${this.dataRoot} --exec-root ${at('exec')} --pidfile ${at('pid')} -H unix://${this.socket}`;
    const script = `ip link set lo up && exec dockerd ${places} --exec-opt native.cgroupdriver=cgroupfs`;
    this.daemon = spawn(
      'unshare',
      ['--net', '--mount', '--propagation', 'slave', 'setpriv', '--pdeathsig', 'KILL', 'sh', '-c', script],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [this.daemon.stdout, this.daemon.stderr])
      stream?.on('data', chunk => {
        this.said += chunk;
      });
    await until(() => this.docker.ping()).catch((cause: unknown) => {
      throw new Error(`the engine does not start:\n${this.said.slice(-2000)}`, { cause });
    });
  }

  /** Gives it the image that another engine has, made anew when it has it damaged. */
  async load(image: string, from: Docker): Promise<void> {
    const stream = await this.docker.loadImage(await from.getImage(image).get());
    await once(stream.resume(), 'end');
  }

  /** SIGKILL of the daemon: containers live on, until the next daemon finds and ends them. */
  async kill(): Promise<void> {
    const { daemon } = this;
    this.daemon = undefined;
    if (!daemon) return;
    const ended = once(daemon, 'close');
    daemon.kill('SIGKILL');
    await ended;
  }

  /** As a power cut does it: the daemon, its helpers and every container end at once. */
  async powerOff(): Promise<void> {
    const running = await this.docker.listContainers();
    const states = await Promise.all(running.map(({ Id }) => this.docker.getContainer(Id).inspect()));
    await this.kill();
    await this.endHelpers();
    for (const { State } of states) killIfThere(State.Pid);
    // What lies in /run on a device.
    rmSync(join(this.folder, 'exec'), { recursive: true, force: true });
  }

  /** Removes containers and data, too. */
  async stop(): Promise<void> {
    if (this.daemon) {
      const all = await this.docker.listContainers({ all: true });
      await Promise.all(all.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true, v: true })));
      const ended = once(this.daemon, 'close');
      this.daemon.kill('SIGTERM');
      await ended;
    }
    await this.endHelpers();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends containerd and its shims, which know it by its folder and live on without the daemon. */
  private endHelpers(): Promise<void> {
    return until(() => {
      const helpers = readdirSync('/proc').filter(name => commandOf(name).includes(`${this.folder}/exec/`));
      for (const pid of helpers) killIfThere(Number(pid));
      if (helpers.length > 0) throw new Error(`still there: ${helpers.map(commandOf).join('; ')}`);
    });
  }
}

/** Empty for what is no process, and for one that has ended. */
function commandOf(pid: string): string {
  try {
    return /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
  } catch {
    return '';
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
