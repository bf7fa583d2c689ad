/** Exec and attach on a Docker engine: calls that the engine answers by handing over the connection itself. */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import type { AttachOptions, ExecOptions, LogChunk, RuntimeStream } from './container-runtime.ts';
import { CreateAnswer, ExecAnswer } from './docker-answers.ts';
import type { DockerConnection } from './docker-connection.ts';
import { ACT_TIMEOUT_MS, EXIT_POLL_MS, EXIT_POLL_MS_MAX } from './limits.ts';
import { LogDemultiplexer } from './log-demultiplexer.ts';
import { writeTo } from './socket-stream.ts';

/** Docker takes Ctrl-P Ctrl-Q for "leave me" unless other keys are named, and holds the first of them back; nobody types these. */
const DETACH_KEYS = Array(8).fill('ctrl-@').join(',');

/** What Docker says of a command whose reader has left while it prints: not running, though it is, and this exit code. */
const READER_LEFT = 126;

/** How often an engine is asked for the number of a process that it has only just started. */
const PID_TRIES = 50;

/** See ContainerRuntime.exec. */
export async function dockerExec(
  { connection, clock }: { readonly connection: DockerConnection; readonly clock: Clock },
  id: string,
  options: ExecOptions,
  signal: AbortSignal,
): Promise<RuntimeStream> {
  const { command, stdin, stdout, stderr, tty, killOnAbort } = options;
  const body = {
    Cmd: [...command],
    AttachStdin: stdin,
    AttachStdout: stdout,
    AttachStderr: stderr,
    Tty: tty,
    DetachKeys: DETACH_KEYS,
  };
  const create = { operation: 'exec', method: 'POST', path: `/containers/${id}/exec`, body } as const;
  const { Id: execId } = await connection.ask(create, CreateAnswer, signal);
  const start = {
    operation: 'exec',
    method: 'POST',
    path: `/exec/${execId}/start`,
    body: { Detach: false, Tty: tty },
    timeoutMs: ACT_TIMEOUT_MS,
  } as const;
  const socket = await connection.hijack(start, signal);
  const inspect = { operation: 'exec', method: 'GET', path: `/exec/${execId}/json` } as const;
  const end = killOnAbort ? 'SIGKILL' : 'SIGHUP';
  const onAbort = () => void endCommand({ ask: () => connection.ask(inspect, ExecAnswer), clock }, id, end);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    ...ends(connection, socket, { operation: 'exec', tty, signal }),
    resize: size => resize(connection, `/exec/${execId}/resize`, size, signal),
    async exitCode() {
      // The output ends when the last of its writers does, which need not be the process that was asked for.
      for (let waitMs = EXIT_POLL_MS; ; waitMs = Math.min(2 * waitMs, EXIT_POLL_MS_MAX)) {
        const { Running: isRunning, ExitCode: exitCode } = await connection.ask(inspect, ExecAnswer, signal);
        if (isRunning) {
          await clock.sleep(waitMs, signal);
          continue;
        }
        signal.removeEventListener('abort', onAbort);
        return exitCode ?? undefined;
      }
    },
  };
}

/** See ContainerRuntime.attach. `container` is as its spec made it. */
export async function dockerAttach(
  connection: DockerConnection,
  container: { readonly id: string; readonly tty: boolean; readonly hasStdin: boolean },
  options: AttachOptions,
  signal: AbortSignal,
): Promise<RuntimeStream> {
  const { id, tty, hasStdin } = container;
  const stdin = options.stdin && hasStdin;
  const query = {
    stream: true,
    stdin,
    stdout: options.stdout,
    stderr: options.stderr,
    detachKeys: DETACH_KEYS,
  };
  const request = { operation: 'attach', method: 'POST', path: `/containers/${id}/attach`, query } as const;
  const streams = ends(connection, await connection.hijack(request, signal), {
    operation: 'attach',
    tty,
    signal,
  });
  return {
    ...streams,
    ...(!stdin && { write: async () => {}, endInput: () => {} }),
    resize: size => resize(connection, `/containers/${id}/resize`, size, signal),
    exitCode: async () => undefined,
  };
}

function ends(
  connection: DockerConnection,
  socket: Socket,
  about: { readonly operation: string; readonly tty: boolean; readonly signal: AbortSignal },
): Pick<RuntimeStream, 'output' | 'write' | 'endInput'> {
  // Whoever reads or writes hears of it too; with nobody there it must not end the process.
  socket.on('error', () => {});
  return {
    output: readOutput(connection, socket, about),
    write: bytes => writeTo(socket, bytes),
    endInput: () => {
      socket.end();
    },
  };
}

async function* readOutput(
  connection: DockerConnection,
  socket: Socket,
  { operation, tty, signal }: { operation: string; tty: boolean; signal: AbortSignal },
): AsyncGenerator<LogChunk> {
  const frames = new LogDemultiplexer();
  try {
    for await (const piece of socket) {
      if (tty) yield { stream: 'stdout', bytes: piece };
      else yield* frames.push(piece);
    }
  } catch (error) {
    if (!signal.aborted) throw connection.failureOf(operation, error);
  }
}

async function resize(
  connection: DockerConnection,
  path: string,
  { columns, rows }: { readonly columns: number; readonly rows: number },
  signal: AbortSignal,
): Promise<void> {
  const query = { w: columns, h: rows };
  await connection.send({ operation: 'resize', method: 'POST', path, query }, signal);
}

/**
 * Docker lets a command run on when its caller has left. What a closing terminal sends ends it, and whatever else is in its
 * group (runc gives each command a session of its own); what was started with nohup is meant to stay.
 */
async function endCommand(
  { ask, clock }: { readonly ask: () => Promise<ExecAnswer>; readonly clock: Clock },
  containerId: string,
  signal: 'SIGHUP' | 'SIGKILL',
): Promise<void> {
  // An engine that is gone, a command that has ended: nothing is left to do.
  let exec = await ask().catch(() => undefined);
  // A command may have printed something before the engine knows its number.
  for (let tries = 0; exec?.Running && exec.Pid === 0 && tries < PID_TRIES; tries++) {
    await clock.sleep(EXIT_POLL_MS);
    exec = await ask().catch(() => undefined);
  }
  if (!exec || (!exec.Running && exec.ExitCode !== READER_LEFT)) return;
  if (!(await isProcessOf(exec.Pid, containerId))) return;
  try {
    process.kill(-exec.Pid, signal);
  } catch {
    // It has just ended, or this agent may not: then the command runs on, as with Docker alone.
  }
}

/** True when `pid` is, for this kernel, a process of the container: an engine elsewhere numbers its own. */
export async function isProcessOf(pid: number, containerId: string): Promise<boolean> {
  if (pid <= 1) return false;
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  return groups.includes(containerId);
}
