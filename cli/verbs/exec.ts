/** `pikelet exec` and `pikelet attach`. */
import type { Cli, GlobalOptions } from '../cli.ts';
import { CliError, UsageError } from '../errors.ts';
import { chooseContainer, findPod } from '../find-pod.ts';
import { textAt } from '../json.ts';
import { POD } from '../kinds/builtin.ts';
import { objectPath } from '../kinds/kind.ts';
import { type Session, withSession } from '../session.ts';
import { type CommandStreams, commandQuery, runCommand } from '../streams/command.ts';
import type { DeclareVerb } from '../verb.ts';

type ExecOptions = GlobalOptions & {
  readonly stdin?: boolean;
  readonly tty?: boolean;
  readonly container?: string;
  readonly quiet?: boolean;
};

export const declareExec: DeclareVerb = (command, cli) => {
  command
    .argument('<target>', 'web-1, pod/web-1, deploy/web …')
    .argument('[command...]', 'what to run, after --')
    .option('-i, --stdin', 'pass stdin to the command')
    .option('-t, --tty', 'stdin is a terminal')
    .option('-c, --container <name>', 'in this container')
    .option('-q, --quiet', 'print only what the command prints')
    .action(async (target: string, words: readonly string[]) => {
      const options = command.optsWithGlobals<ExecOptions>();
      if (words.length === 0) throw new UsageError('you must specify at least one command for the container');
      await withSession(cli, options, session => run(session, 'exec', target, options, words));
    });
};

export const declareAttach: DeclareVerb = (command, cli) => {
  command
    .argument('<target>', 'web-1, pod/web-1, deploy/web …')
    .option('-i, --stdin', 'pass stdin to the container')
    .option('-t, --tty', 'stdin is a terminal')
    .option('-c, --container <name>', 'to this container')
    .option('-q, --quiet', 'print only what the container prints')
    .action(async (target: string) => {
      const options = command.optsWithGlobals<ExecOptions>();
      await withSession(cli, options, session => run(session, 'attach', target, options));
    });
};

async function run(
  session: Session,
  subresource: 'exec' | 'attach',
  target: string,
  options: ExecOptions,
  words: readonly string[] = [],
): Promise<void> {
  const { cli, namespace } = session;
  const { pod, name } = await findPod(session, target);
  const phase = textAt(pod, 'status', 'phase');
  if (phase === 'Succeeded' || phase === 'Failed')
    throw new CliError(
      `cannot ${subresource === 'exec' ? 'exec into' : 'attach to'} a container in a completed pod; current phase is ${phase}`,
    );
  const container = chooseContainer(pod, options.container, options.quiet ? () => undefined : cli.say);
  const streams = streamsOf(cli, options);
  if (subresource === 'attach' && !options.quiet && streams.terminal !== undefined)
    cli.say("If you don't see a command prompt, try pressing enter.");
  const query = commandQuery(streams, container, words);
  await runCommand(session, `${objectPath(POD, { namespace, name }, subresource)}?${query}`, streams);
}

function streamsOf(cli: Cli, { stdin: wantsInput, tty }: ExecOptions): CommandStreams {
  const { stdin, stdout, stderr } = cli.stdio;
  const output = { stdout, stderr, ...(wantsInput ? { stdin } : {}) };
  if (!tty) return output;
  if (!wantsInput || !stdin.isTTY) {
    cli.say('Unable to use a TTY - input is not a terminal or the right kind of file');
    return output;
  }
  return { ...output, terminal: { stdin, stdout } };
}
