/** Entry of the `pikelet` command: the process as a Cli, and how it ends. */
import { setMaxListeners } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import type { Cli } from './cli.ts';
import { runProgram } from './program.ts';

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** A reader that went away (`pikelet get pods | head -1`) ends the command without a word. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}

function main(): void {
  // Each open request listens to the one signal; how many there are is bounded where they are made.
  setMaxListeners(0);
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(130);
      interrupt.abort(new Error(`ended by ${signal}`));
    });
  }
  process.stdout.on('error', endQuietly);
  process.stderr.on('error', endQuietly);
  const cli: Cli = {
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    installDir: join(__dirname, '..'),
    clock: systemClock,
    signal: interrupt.signal,
    out: text => process.stdout.write(text),
    say: text => process.stderr.write(`${text}\n`),
    stdio: process,
    readStdin,
  };
  runProgram(process.argv.slice(2), cli).then(
    code => process.exit(code),
    error => {
      // A bug: its stack without the source line that Node would add, which in a bundle is a screenful.
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
      process.exit(1);
    },
  );
}

main();
