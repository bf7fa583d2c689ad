/** Runs a program to its end and keeps what it said. */
import { spawn } from 'node:child_process';

export type CommandResult = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Never rejects for a program that fails: a test looks at `code`. Rejects when it cannot be started, or is aborted. */
export function runCommand(
  [program, ...args]: readonly [string, ...string[]],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv; readonly signal?: AbortSignal } = {},
): Promise<CommandResult> {
  const { input = '', env = process.env, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe', env, signal });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', text => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', text => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', code => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => child.stdin.destroy());
    child.stdin.end(input);
  });
}
