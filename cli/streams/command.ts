/** Joins a command in a container to this process: exec, attach and cp. */
import type { Readable, Writable } from 'node:stream';
import { parseJson } from '../../shared/parse-json.ts';
import { CliError } from '../errors.ts';
import { listAt, textAt } from '../json.ts';
import type { Session } from '../session.ts';
import { type Channels, openChannels } from './channels.ts';

const PROTOCOL = 'v5.channel.k8s.io';
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** A terminal; its size is in characters. */
export type Terminal = { readonly stdin: NodeJS.ReadStream; readonly stdout: NodeJS.WriteStream };

export type CommandStreams = {
  readonly stdin?: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Given when keys go over one by one. */
  readonly terminal?: Terminal;
};

/** The query of an exec or attach. */
export function commandQuery(
  { stdin, terminal }: CommandStreams,
  container: string,
  command: readonly string[] = [],
): string {
  const query = new URLSearchParams({ container, stdout: 'true' });
  for (const word of command) query.append('command', word);
  if (stdin !== undefined) query.set('stdin', 'true');
  query.set(terminal === undefined ? 'stderr' : 'tty', 'true');
  return String(query);
}

/** Runs `path` to its end. Throws CliError with the command's exit code when that is not 0, StatusError or UnreachableError. */
export async function runCommand(
  session: Pick<Session, 'api' | 'cli'>,
  path: string,
  streams: CommandStreams,
): Promise<void> {
  let status: unknown;
  const channels = await openChannels(session, path, PROTOCOL, (channel, bytes) => {
    if (channel === CHANNEL.error) status = parseJson(bytes.toString('utf8'));
    const target = channel === CHANNEL.stdout ? streams.stdout : streams.stderr;
    if (channel !== CHANNEL.stdout && channel !== CHANNEL.stderr) return;
    if (target.write(bytes)) return;
    channels.pause();
    target.once('drain', channels.resume);
  });
  const release = joinInput(channels, streams);
  try {
    await channels.closed;
  } finally {
    release();
  }
  session.cli.signal.throwIfAborted();
  throwUnlessSuccess(status);
}

function throwUnlessSuccess(status: unknown): void {
  if (textAt(status, 'status') === 'Success') return;
  if (status === undefined) throw new CliError('the connection broke off before the command had ended');
  const cause = listAt(status, 'details', 'causes').find(each => textAt(each, 'reason') === 'ExitCode');
  const exitCode = Number(textAt(cause, 'message') ?? 1);
  if (cause === undefined) throw new CliError(textAt(status, 'message') ?? 'the command failed');
  throw new CliError(`command terminated with exit code ${exitCode}`, { exitCode });
}

/** Sends what is typed or piped, at the server's pace; the returned function lets go of it. */
function joinInput(channels: Channels, { stdin, terminal }: CommandStreams): () => void {
  const onData = (bytes: Buffer) => {
    stdin?.pause();
    void channels.send(CHANNEL.stdin, bytes).then(() => stdin?.resume());
  };
  const onEnd = () => void channels.send(CHANNEL.close, Buffer.of(CHANNEL.stdin));
  const onResize = () => {
    const { columns: Width, rows: Height } = terminal?.stdout ?? {};
    void channels.send(CHANNEL.resize, Buffer.from(JSON.stringify({ Width, Height })));
  };
  if (terminal !== undefined) {
    terminal.stdin.setRawMode(true);
    terminal.stdout.on('resize', onResize);
    onResize();
  }
  stdin?.on('data', onData).once('end', onEnd);
  return () => {
    stdin?.off('data', onData).off('end', onEnd).pause();
    terminal?.stdout.off('resize', onResize);
    terminal?.stdin.setRawMode(false);
  };
}
