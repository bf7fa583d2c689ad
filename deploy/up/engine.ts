/**
 * Makes a Docker Engine answer: uses the one that runs, else installs Debian's and starts it. Never stops, configures or
 * restarts one.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import Docker from 'dockerode';
import type { Clock } from '../../shared/clock.ts';
import { errorCode } from '../../shared/error-code.ts';
import { lastLines } from './log-file.ts';
import { step } from './progress.mjs';
import { askForRoot, asRoot, findProgram, run, UserError } from './shell.ts';

export type EngineWanted = {
  readonly socket: string;
  /** Where the output of a dockerd that is started here goes. */
  readonly logPath: string;
  readonly say: (line: string) => void;
  readonly clock: Clock;
};

/** The only socket that an engine is started for: another one means that the person runs their own. */
const DEFAULT_SOCKET = '/var/run/docker.sock';
/** A first start of dockerd on a slow machine makes keys and bridges. */
const START_TIMEOUT_MS = 60_000;
/** How long the package's own service script gets to start it. */
const SERVICE_START_MS = 3000;
const POLL_MS = 100;
const PING_TIMEOUT_MS = 5000;

type EngineState = 'answers' | 'absent' | 'forbidden';

/** Answers a client of a running engine; throws UserError when there can be none. */
export async function ensureEngine(wanted: EngineWanted, signal: AbortSignal): Promise<Docker> {
  const state = await engineState(wanted.socket);
  if (state === 'forbidden') throw forbidden(wanted.socket);
  if (state === 'absent') await bringUp(wanted, signal);
  return new Docker({ socketPath: wanted.socket });
}

async function bringUp(wanted: EngineWanted, signal: AbortSignal): Promise<void> {
  if (wanted.socket !== DEFAULT_SOCKET) {
    throw new UserError(`no Docker Engine answers on ${wanted.socket} (--docker-socket): start it first`);
  }
  askForRoot('installing and starting the Docker Engine');
  if (findProgram('dockerd') === undefined) {
    await installPackages(['docker.io', 'iptables'], 'installing the Docker Engine (docker.io)');
    if (await answersWithin(SERVICE_START_MS, wanted, signal)) return;
  }
  await step('starting the Docker Engine', async () => {
    if (existsSync('/run/systemd/system'))
      await run(asRoot(['systemctl', 'start', 'docker'], 'starting docker'));
    else await startDaemon(wanted.logPath);
    if (await answersWithin(START_TIMEOUT_MS, wanted, signal)) return;
    const words = lastLines(wanted.logPath, 10).join('\n');
    throw new UserError(`the Docker Engine does not answer on ${wanted.socket}:\n${words}`);
  });
  wanted.say('started the Docker Engine of this machine; it goes on running when this ends');
}

/** Installs Debian packages; throws UserError with apt's words when that fails. */
export async function installPackages(names: readonly string[], purpose: string): Promise<void> {
  if (findProgram('apt-get') === undefined) {
    throw new UserError(
      `this machine has no apt-get: install ${names.join(' and ')} yourself, then try again`,
    );
  }
  await step(purpose, async () => {
    await run(asRoot(['apt-get', 'update', '-qq'], purpose));
    await run(asRoot(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names], purpose));
  });
}

async function startDaemon(logPath: string): Promise<void> {
  const dockerd = findProgram('dockerd');
  if (dockerd === undefined) throw new UserError('docker.io is installed but has no dockerd');
  // Without systemd nobody may have mounted the cgroups, and dockerd does not.
  if (!/\scgroup2?\s/.test(readFileSync('/proc/mounts', 'utf8'))) {
    await run(asRoot(['mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup'], 'mounting cgroups'));
  }
  const [program = dockerd, ...args] = asRoot([dockerd], 'starting dockerd');
  const log = openSync(logPath, 'a', 0o600);
  const child = spawn(program, args, { stdio: ['ignore', log, log], detached: true });
  child.once('error', () => closeSync(log));
  child.once('spawn', () => closeSync(log));
  child.unref();
}

async function answersWithin(
  timeoutMs: number,
  { socket, clock }: EngineWanted,
  signal: AbortSignal,
): Promise<boolean> {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  while (clock.monotonicMs() < deadlineMs) {
    const state = await engineState(socket);
    if (state === 'forbidden') throw forbidden(socket);
    if (state === 'answers') return true;
    await clock.sleep(POLL_MS, signal);
  }
  return false;
}

async function engineState(socket: string): Promise<EngineState> {
  try {
    await new Docker({ socketPath: socket, timeout: PING_TIMEOUT_MS }).ping();
    return 'answers';
  } catch (error) {
    return errorCode(error) === 'EACCES' ? 'forbidden' : 'absent';
  }
}

function forbidden(socket: string): UserError {
  return new UserError(
    `no permission to use the Docker Engine on ${socket}: run this with sudo, or add yourself to the group docker (sudo usermod -aG docker $USER) and log in again`,
  );
}
