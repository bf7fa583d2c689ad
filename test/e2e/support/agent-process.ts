/** An agent beside those of `up`: a device that a test starts as it likes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { removeDeviceMemory } from '../../support/device-memory.ts';
import { ROOT } from '../../support/up-process.ts';

export type AgentProcess = {
  /** What it has logged. */
  output(): string;
  /** False once it has ended by itself. */
  isRunning(): boolean;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
};

/** Starts the built agent with these flags; it is killed with the test at the latest. */
export function startAgent(...flags: readonly string[]): AgentProcess {
  const agent = spawnAgent(...flags);
  onTestFinished(async () => {
    await agent.kill();
    await removeDeviceMemory(flags[flags.indexOf('--data-dir') + 1] ?? '');
  });
  return agent;
}

/** Starts the built agent with these flags; it is killed with the tests' process at the latest. */
export function spawnAgent(...flags: readonly string[]): AgentProcess {
  const program = [process.execPath, join(ROOT, 'dist/agent.cjs'), ...flags];
  // The engine is the machine's: its images are not a test's to remove.
  const env = { ...process.env, PIKELET_IMAGE_GC_HIGH_THRESHOLD: '100' };
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...program], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      said += chunk;
    });
  }
  const ended = once(child, 'close');
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const kill = async () => {
    if (isRunning()) child.kill('SIGKILL');
    await ended;
  };
  return { output: () => said, isRunning, kill };
}
