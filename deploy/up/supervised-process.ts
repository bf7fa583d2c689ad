/**
 * One program that is kept running: started, started again when it dies, held down on request, stopped for good. Owns
 * the child process and its log file; says what happens and decides nothing about the cluster.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Clock } from '../../shared/clock.ts';
import type { LaunchOptions } from './launch-options.ts';
import { lastLines, openLog } from './log-file.ts';
import { nextDeath, type RestartPolicy } from './restart-plan.ts';

export type Program = {
  /** As people know it: `master`, `pi-1`. */
  readonly name: string;
  /** The script and its arguments; asked for at each start. */
  readonly args: () => readonly string[];
  readonly logPath: string;
  readonly restart: RestartPolicy;
  /** Nothing special without. */
  readonly launch?: LaunchOptions;
};

export type ProcessDeps = {
  readonly clock: Clock;
  /** Tells the person at the terminal. */
  readonly say: (line: string) => void;
};

/** Log lines shown when a program dies again and again. */
const LINES_SHOWN = 5;

export class SupervisedProcess {
  private readonly deps: ProcessDeps;
  private readonly program: Program;
  private child: ChildProcess | undefined;
  /** Ends the wait before the next start; present only while waiting. */
  private cancelWait: (() => void) | undefined;
  /** False once it was killed or stopped on purpose: then a death is no surprise. */
  private isWanted = false;
  private deathsInARow = 0;

  constructor(deps: ProcessDeps, program: Program) {
    this.deps = deps;
    this.program = program;
  }

  /** True while the process lives. */
  get isRunning(): boolean {
    return this.child !== undefined;
  }

  /** Deaths since the last sound run; grows while the program cannot start. */
  get deaths(): number {
    return this.deathsInARow;
  }

  /** Starts it and keeps it running; does nothing when it runs. */
  start(): void {
    this.isWanted = true;
    this.cancelWait?.();
    this.cancelWait = undefined;
    if (this.child === undefined) this.spawn();
  }

  /** SIGKILL, and it stays down until `start`. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.end('SIGKILL', 0);
  }

  /** SIGTERM, SIGKILL after `graceMs`; it stays down. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    await this.end('SIGTERM', graceMs);
  }

  private async end(signal: NodeJS.Signals, graceMs: number): Promise<void> {
    this.isWanted = false;
    this.cancelWait?.();
    this.cancelWait = undefined;
    const child = this.child;
    if (child === undefined) return;
    const gone = new Promise<void>(resolve => child.once('exit', () => resolve()));
    child.kill(signal);
    const cancel =
      signal === 'SIGKILL' ? () => {} : this.deps.clock.after(graceMs, () => child.kill('SIGKILL'));
    await gone;
    cancel();
  }

  private spawn(): void {
    const startedAtMs = this.deps.clock.monotonicMs();
    try {
      const child = launch(this.program);
      this.child = child;
      child.once('error', error => this.bury(child, startedAtMs, error.message));
      child.once('exit', (code, signal) =>
        this.bury(child, startedAtMs, signal === null ? `exit code ${code}` : `signal ${signal}`),
      );
    } catch (error) {
      this.startAgainLater(startedAtMs, error instanceof Error ? error.message : String(error));
    }
  }

  private bury(child: ChildProcess, startedAtMs: number, cause: string): void {
    if (this.child !== child) return;
    this.child = undefined;
    if (this.isWanted) this.startAgainLater(startedAtMs, cause);
  }

  private startAgainLater(startedAtMs: number, cause: string): void {
    const { clock, say } = this.deps;
    const { name, logPath, restart } = this.program;
    const { inARow, waitMs } = nextDeath(restart, this.deathsInARow, clock.monotonicMs() - startedAtMs);
    this.deathsInARow = inARow;
    say(`${name} died (${cause}); starting it again in ${Math.round(waitMs / 1000)} s`);
    if (inARow > 1) {
      for (const line of lastLines(logPath, LINES_SHOWN)) say(`  ${line}`);
      say(`  (more in ${logPath})`);
    }
    this.cancelWait = clock.after(waitMs, () => {
      this.cancelWait = undefined;
      this.spawn();
    });
  }
}

/**
 * Starts the program with its log as output. An own session: a terminal's Ctrl-C reaches only this process, which then
 * stops the others in order. Should this process be killed, the kernel kills its children (PR_SET_PDEATHSIG): nothing
 * stays behind that nobody watches.
 */
function launch({ args, logPath, launch: options }: Program): ChildProcess {
  const { nodeFlags, environment } = options ?? { nodeFlags: [], environment: {} };
  const log = openLog(logPath);
  try {
    return spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, ...nodeFlags, ...args()], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...environment },
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}
