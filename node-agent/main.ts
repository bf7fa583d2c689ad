/** The node-agent as a program: options in, device and agent put together, a clean end at SIGTERM. Nothing imports this file. */
import { resolve } from 'node:path';
import { nanoid } from 'nanoid';
import { destination, type Logger, pino } from 'pino';
import { systemClock } from '../shared/clock.ts';
import { Agent } from './agent.ts';
import {
  type AgentConfig,
  ConfigError,
  checkReserved,
  joinToken,
  readConfig,
  reservedOf,
  shutdownPeriodsOf,
  USAGE,
} from './config.ts';
import { type Credentials, loadCredentials, saveCredentials } from './link/credentials.ts';
import { join } from './link/join.ts';
import { createNodeObserver, type NodeObserver } from './node-info/node-observer.ts';
import { isSystemStopping } from './node-info/system-state.ts';
import { DockerRuntime } from './runtime/docker-runtime.ts';
import { openMemoryFolder } from './volumes/memory-folder.ts';

/** The mode in which the program prints what it knows of the hardware and ends: the agent asks a child of itself. */
const HARDWARE_MODE = 'hardware';

async function main(): Promise<void> {
  // mqtt-packet keeps one small buffer per packet length for ever; from the pool, each would hold 8 KiB of it (mqttjs/mqtt-packet#163).
  Buffer.poolSize = 0;
  const argv = process.argv.slice(2);
  if (argv[0] === HARDWARE_MODE) {
    const { printHardware } = await import('./node-info/hardware.ts');
    await printHardware();
    return;
  }
  const config = readConfig(argv, process.env);
  if (!config) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const log = pino({ level: config.logLevel, base: undefined }, destination({ sync: true }));
  await runAgent(config, log);
}

async function runAgent(config: AgentConfig, log: Logger): Promise<void> {
  const clock = systemClock;
  const ending = new Ending(log);
  const { signal } = ending;
  const observer = createNodeObserver({
    agentFolder: config.dataDir,
    thresholds: config.evictionHard,
    hardwareCommand: { file: process.execPath, args: [process.argv[1] ?? '', HARDWARE_MODE] },
  });
  checkReserved(config, observer.facts());
  const credentials = await findCredentials(config, observer, log, signal);
  if (config.name !== undefined && config.name !== credentials.node)
    log.warn(
      { node: credentials.node, wanted: config.name },
      'the device has joined under another name, which it keeps',
    );
  const { cluster, node } = credentials;
  const memoryFolder = await openMemoryFolder(config.dataDir, folder =>
    log.warn({ folder }, 'this machine has no shared memory: secrets of pods are kept on its disk'),
  );
  const runtime = new DockerRuntime({
    owner: { cluster, node },
    clock,
    socketPath: config.dockerSocket,
    logBytes: config.containerLogSize,
  });
  const agent = new Agent(
    { runtime, observer, clock, log, random: Math.random },
    {
      masterUrl: config.master,
      dataDir: config.dataDir,
      memoryFolder,
      credentials,
      epoch: nanoid(10),
      heartbeatIntervalMs: config.heartbeatIntervalMs,
      deviceRoot: resolve(config.deviceRoot),
      capacityCpuMilli: config.capacityCpu,
      capacityMemoryBytes: config.capacityMemory,
      reserved: reservedOf(config),
      parallelPulls: config.maxParallelImagePulls,
      imageGcHighPercent: config.imageGcHighThreshold,
      imageGcLowPercent: config.imageGcLowThreshold,
    },
  );
  const periods = shutdownPeriodsOf(config);
  if (periods.graceSeconds > 0)
    ending.before = async () => {
      if (!(await isSystemStopping())) return;
      log.info({ node }, 'the device shuts down: pods are stopped');
      await agent.shutDown(periods, signal);
    };
  await agent.run(signal);
  log.info({ node }, 'stopped; what runs goes on');
}

/** Those on disk; else those that the master gives for the token. Throws ConfigError when there are neither. */
async function findCredentials(
  config: AgentConfig,
  observer: NodeObserver,
  log: Logger,
  signal: AbortSignal,
): Promise<Credentials> {
  const kept = await loadCredentials(config.dataDir);
  if (kept) return kept;
  const { name, master } = config;
  const token = joinToken(config);
  const deviceId = config.deviceId ?? observer.facts().deviceId;
  const clientId = `join-${nanoid(10)}`;
  const deps = { clock: systemClock, log: log.child({ component: 'join' }), random: Math.random };
  const credentials = await join(deps, { url: master, token, clientId, name, deviceId }, signal);
  await saveCredentials(config.dataDir, credentials);
  return credentials;
}

/** The end of the program, at SIGTERM or Ctrl-C; a second one does not wait for what comes before it. */
class Ending {
  /** Done between the first signal and the end. */
  before: () => Promise<void> = async () => {};
  private readonly abort = new AbortController();

  constructor(log: Logger) {
    let isBegun = false;
    const end = (name: NodeJS.Signals) => {
      log.info({ signal: name }, 'stopping');
      if (isBegun) return this.abort.abort();
      isBegun = true;
      this.before().then(
        () => this.abort.abort(),
        (error: unknown) => {
          log.error({ err: error }, 'pods could not be stopped in order');
          this.abort.abort();
        },
      );
    };
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, end);
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    if (error instanceof ConfigError) {
      process.stderr.write(`pikelet-agent: ${error.message}\n`);
      process.exit(2);
    }
    if (error instanceof Error && error.name === 'AbortError') process.exit(0);
    process.stderr.write(`pikelet-agent: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
