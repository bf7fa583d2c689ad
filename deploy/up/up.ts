/** `npm run up`: a whole cluster on this machine. The composition root: flags in, processes up, signals down. */
import { mkdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import type Docker from 'dockerode';
import { systemClock } from '../../shared/clock.ts';
import type { Api } from './api.ts';
import { stopContainers } from './containers.ts';
import { listenForControl } from './control-socket.ts';
import { ensureEngine } from './engine.ts';
import { type Layout, layoutOf } from './layout.ts';
import { LocalCluster } from './local-cluster.ts';
import { parseOptions, type UpOptions } from './options.ts';
import { publicHost, requireFreePort } from './ports.ts';
import { step } from './progress.mjs';
import { ensureSampleImage } from './sample-image.ts';
import { UserError } from './shell.ts';
import { welcomeLines } from './welcome.ts';

const clock = systemClock;
const dist = __dirname;
const root = dirname(dist);
/** On a terminal a step may be counting on the same line: it is overwritten, and counts on below. */
const say = (line: string) => console.log(process.stdout.isTTY ? `\r\u001b[2K${line}` : line);

/** npm passes a terminal's Ctrl-C on, so one press arrives twice; a second press comes later than this, milliseconds. */
const SAME_PRESS_MS = 500;

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2), { root, cwd: process.env.INIT_CWD ?? process.cwd() });
  if (parsed.kind === 'help') {
    process.stdout.write(parsed.text);
    return 0;
  }
  if (parsed.kind === 'fault') {
    console.error(`error: ${parsed.message}\nsee: npm run up -- --help`);
    return 2;
  }
  try {
    await up(parsed.options, stopSignal());
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`error: ${error.message}`);
    return 1;
  }
}

async function up(options: UpOptions, signal: AbortSignal): Promise<void> {
  const layout = layoutOf(options.dataDir);
  makeDataDir(layout.dataDir);
  if (options.setUpOnly) {
    await prepareEngine(options, layout, signal);
    return;
  }
  const cluster = new LocalCluster({ clock, say, dist }, options, layout);
  const control = await listenForControl(layout.controlSocket, request => cluster.control(request));
  let docker: Docker | undefined;
  try {
    await requireFreePort({ flag: '--api-port', host: options.listen, port: options.apiPort });
    await requireFreePort({ flag: '--mqtt-port', host: options.listen, port: options.mqttPort });
    docker = options.nodes > 0 ? await prepareEngine(options, layout, signal) : undefined;
    await serve(cluster, options, layout, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await tearDown(cluster, docker, control);
    rmSync(layout.controlSocket, { force: true });
    if (signal.aborted) say('stopped; the data is left as it is');
  }
}

/** Readable by this user alone: it holds the cluster's keys. */
function makeDataDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`cannot make the data folder (--data-dir): ${why}`, { cause });
  }
}

async function prepareEngine(options: UpOptions, layout: Layout, signal: AbortSignal): Promise<Docker> {
  const wanted = { socket: options.dockerSocket, logPath: layout.engineLog, say, clock };
  const docker = await ensureEngine(wanted, signal);
  await ensureSampleImage({ docker, clock, say, downloads: layout.downloads });
  return docker;
}

/** Returns, or throws the signal's reason, when the signal aborts. */
async function serve(cluster: LocalCluster, options: UpOptions, layout: Layout, signal: AbortSignal) {
  const startedAtMs = clock.monotonicMs();
  const api = await step('starting the master', () => cluster.startMaster(signal));
  try {
    sayWelcome(api, cluster, options, layout);
    await step('waiting for the nodes', () => cluster.startDevices(api, signal));
  } finally {
    api.close();
  }
  const seconds = ((clock.monotonicMs() - startedAtMs) / 1000).toFixed(1);
  say(`ready: ${options.nodes} ${options.nodes === 1 ? 'node' : 'nodes'} in ${seconds} s`);
  await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function sayWelcome(api: Api, cluster: LocalCluster, options: UpOptions, layout: Layout): void {
  const lines = welcomeLines({
    server: api.server,
    mqtt: `mqtt://${publicHost(options.listen)}:${options.mqttPort}`,
    kubeconfig: layout.kubeconfig,
    dashboardToken: cluster.dashboardToken,
    dataDir: layout.dataDir,
    isDefaultDataDir: layout.dataDir === join(root, '.pikelet'),
    nodes: options.nodes,
    leftOut: cluster.leftOut,
  });
  for (const line of lines) say(line);
}

async function tearDown(cluster: LocalCluster, docker: Docker | undefined, control: Server): Promise<void> {
  await step('stopping the master and the agents', () => cluster.stop());
  const { id } = cluster;
  if (docker !== undefined && id !== undefined) {
    await step("stopping the cluster's containers", () => stopContainers(docker, { cluster: id }));
  }
  // Last: while it listens, no other `up` takes this data folder for free.
  control.close();
}

/** Aborts at the first Ctrl-C, SIGTERM or closed terminal; a second one ends the process, and the kernel its children. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  let stoppedAtMs = 0;
  const onSignal = () => {
    if (!stop.signal.aborted) {
      stoppedAtMs = clock.monotonicMs();
      say('\nstopping (once more to force it)');
      stop.abort(new Error('stopped'));
    } else if (clock.monotonicMs() - stoppedAtMs > SAME_PRESS_MS) {
      process.exit(130);
    }
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  // A terminal that is gone takes no more words; that is no reason to leave the processes behind.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return stop.signal;
}

void main().then(code => process.exit(code));
