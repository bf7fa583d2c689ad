/** The built `up` as a process of a test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { runCommand } from './command.ts';

/** Tests and benchmarks run in the repository's root, as npm starts them. */
export const ROOT = process.cwd();
const STOPPED_WITHIN_MS = 40_000;

export type UpProcess = {
  /** Resolves when its output matches; rejects when it ends or `withinMs` pass before. */
  untilSaid(pattern: RegExp, withinMs: number): Promise<void>;
  /** Everything it has said. */
  output(): string;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>;
  readonly child: ChildProcess;
  /** Sends the signal and waits for the end; SIGKILL when that takes too long. */
  stop(signal: NodeJS.Signals): Promise<void>;
};

/** Starts the built `up`. Should this process die, the kernel interrupts it, and it stops in good order. */
export function startUp(args: readonly string[]): UpProcess {
  const program = [process.execPath, join(ROOT, 'dist/up.cjs')];
  const child = spawn('setpriv', ['--pdeathsig', 'INT', ...program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const hear = (chunk: Buffer) => {
    said += chunk;
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  return {
    child,
    ended,
    output: () => said,
    async untilSaid(pattern, withinMs) {
      const signal = AbortSignal.timeout(withinMs);
      while (!pattern.test(said)) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`up has ended: ${said}`);
        await systemClock.sleep(20, signal);
      }
    },
    async stop(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      const cancel = systemClock.after(STOPPED_WITHIN_MS, () => child.kill('SIGKILL'));
      await ended;
      cancel();
    },
  };
}

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

let building: Promise<void> | undefined;

/** dist/ is up to date, and is built once per test process. */
export function built(): Promise<void> {
  building ??= runCommand([process.execPath, join(ROOT, 'deploy/up/setup.mjs')]).then(({ code, stderr }) => {
    if (code !== 0) throw new Error(`the build failed:\n${stderr}`);
  });
  return building;
}
