/** Runs other programs, as root where that is needed. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What cannot go on, in words for the person at the terminal; anything else thrown is a bug. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** Root's programs are not on every user's path. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** Where a program is; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map(folder => join(folder, name)).find(path => existsSync(path));
}

/** The command as root runs it; `purpose` tells the person why, when that cannot be. */
export function asRoot(command: readonly string[], purpose: string): readonly string[] {
  if (process.getuid?.() === 0) return command;
  const sudo = findProgram('sudo');
  if (sudo === undefined) {
    throw new UserError(`${purpose} needs root, and there is no sudo: run this as root`);
  }
  return [sudo, ...command];
}

/** Asks for sudo's password now, so that no later step has to; does nothing for root. */
export function askForRoot(purpose: string): void {
  const [sudo, ...args] = asRoot(['-v'], purpose);
  if (sudo === undefined || args.length === 0) return;
  const { status } = spawnSync(sudo, args, { stdio: 'inherit' });
  if (status !== 0) throw new UserError(`${purpose} needs root, and sudo refused`);
}

/** Runs a program to its end without a word; answers its output, rejects with UserError and the output when it fails. */
export function run(command: readonly string[], options: { readonly cwd?: string } = {}): Promise<string> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      ...options,
    });
    let output = '';
    const take = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', cause => reject(new UserError(`cannot run ${program}: ${cause.message}`, { cause })));
    child.once('close', code => {
      if (code === 0) resolve(output);
      else reject(new UserError(`${command.join(' ')} failed:\n${output.trim()}`));
    });
  });
}
