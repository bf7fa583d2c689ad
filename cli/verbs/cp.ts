/** `pikelet cp`: files into and out of containers, by the `tar` that stands in them. */
import { existsSync, statSync } from 'node:fs';
import { basename, join, posix, resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { extract, pack } from 'tar-stream';
import type { GlobalOptions } from '../cli.ts';
import { CliError, UsageError } from '../errors.ts';
import { chooseContainer, findPod } from '../find-pod.ts';
import { POD } from '../kinds/builtin.ts';
import { objectPath } from '../kinds/kind.ts';
import { type Session, withSession } from '../session.ts';
import { archiveInput, packPath, unpackTo } from '../streams/archive.ts';
import { type CommandStreams, commandQuery, runCommand } from '../streams/command.ts';
import type { DeclareVerb } from '../verb.ts';
import { archivedPath, type CopyPath, parseCopyPath, relativeEntry } from './cp-paths.ts';

type CopyOptions = GlobalOptions & { readonly container?: string };

/** Runs a command in the container that is copied from or to. */
type Run = (command: readonly string[], streams: CommandStreams) => Promise<void>;

export const declareCp: DeclareVerb = (command, cli) => {
  command
    .argument('<from>', '[[namespace/]pod:]path')
    .argument('<to>', '[[namespace/]pod:]path')
    .option('-c, --container <name>', 'the container')
    .action(async (from: string, to: string) => {
      const options = command.optsWithGlobals<CopyOptions>();
      const [source, target] = [parseCopyPath(from), parseCopyPath(to)];
      if ((source.pod === undefined) === (target.pod === undefined))
        throw new UsageError('one of source and destination must be a local path, the other one in a pod');
      await withSession(cli, options, async session => {
        const run = await runIn(session, source.pod === undefined ? target : source, options);
        if (source.pod === undefined) await upload(run, resolve(cli.cwd, source.path), target.path);
        else await download(session, run, source.path, resolve(cli.cwd, target.path));
      });
    });
};

async function runIn(
  session: Session,
  { pod: target = '', namespace }: CopyPath,
  options: CopyOptions,
): Promise<Run> {
  const inside = { ...session, namespace: namespace ?? session.namespace };
  const { pod, name } = await findPod(inside, target);
  const container = chooseContainer(pod, options.container, session.cli.say);
  const path = objectPath(POD, { namespace: inside.namespace, name }, 'exec');
  return (command, streams) =>
    runCommand(session, `${path}?${commandQuery(streams, container, command)}`, streams);
}

async function upload(run: Run, source: string, target: string): Promise<void> {
  if (!existsSync(source)) throw new CliError(`${source} doesn't exist in local filesystem`);
  // As `cp`: into a folder that is there, else under the name that was given.
  const isFolder = target.endsWith('/') || (await succeeds(run, ['test', '-d', target]));
  const path = isFolder ? posix.join(target, basename(source)) : target;
  const archive = pack();
  const packing = packPath(archive, source, posix.basename(path)).then(() => archive.finalize());
  const words = new Words();
  const command = ['tar', '-xmf', '-', '-C', posix.dirname(path)];
  const running = run(command, { stdin: Readable.from(archive), stdout: words, stderr: words });
  // A file that cannot be read must not look like the end of the archive.
  packing.catch(error => archive.destroy(error));
  await words.explaining(Promise.all([running, packing]));
}

async function download({ cli }: Session, run: Run, source: string, target: string): Promise<void> {
  const isFolder = existsSync(target) && statSync(target).isDirectory();
  const top = isFolder ? join(target, posix.basename(posix.normalize(source))) : target;
  const archived = archivedPath(source);
  const archive = extract();
  const unpacking = unpackTo(
    archive,
    name => join(top, relativeEntry(name, archived)),
    name => cli.say(`warning: skipping ${name}: it is no file and no folder`),
  );
  const words = new Words();
  const stdout = archiveInput(archive);
  const running = run(['tar', 'cf', '-', source], { stdout, stderr: words }).then(() => stdout.end());
  await words.explaining(Promise.all([running, unpacking]));
}

async function succeeds(run: Run, command: readonly string[]): Promise<boolean> {
  const ignored = new Words();
  try {
    await run(command, { stdout: ignored, stderr: ignored });
    return true;
  } catch (error) {
    if (error instanceof CliError && error.exitCode === 1) return false;
    throw error;
  }
}

/** Most characters kept of what a command says. */
const WORDS_MAX = 10_000;

/** What a command says, for the text of its failure. */
class Words extends Writable {
  private said = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.said = (this.said + String(chunk)).slice(0, WORDS_MAX);
    done();
  }

  async explaining(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (cause) {
      if (!(cause instanceof CliError) || this.said === '') throw cause;
      throw new CliError(`${this.said.trim()}\n${cause.message}`, { cause, exitCode: cause.exitCode });
    }
  }
}
