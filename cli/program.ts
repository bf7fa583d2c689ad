/** The command line: globals, the verb that is meant, and how a run ends. */
import { Command, CommanderError, type Option } from 'commander';
import { PRODUCT_VERSION } from '../shared/version.ts';
import type { Cli } from './cli.ts';
import { exitCodeOf, explainError } from './errors.ts';
import { VERBS, type VerbEntry } from './verbs.ts';

const USAGE_EXIT_CODE = 2;
/** What a shell reports of a process that Ctrl-C ended. */
const INTERRUPTED_EXIT_CODE = 130;

/** Runs one command line (without node and script) and answers the exit code: 0, 1 for a failure, 2 for wrong usage, 130 for Ctrl-C. */
export async function runProgram(
  argv: readonly string[],
  cli: Cli,
  verbs: readonly VerbEntry[] = VERBS,
): Promise<number> {
  const program = createProgram(cli);
  const wanted = verbWord(argv, program.options);
  for (const entry of verbs) {
    const command = program.command(entry.name).summary(entry.summary).description(entry.summary);
    command.aliases([...(entry.aliases ?? [])]);
    if (wanted !== undefined && (entry.name === wanted || entry.aliases?.includes(wanted)))
      (await entry.load())(command, cli);
  }
  if (wanted === undefined && argv.length === 0) {
    cli.out(program.helpInformation());
    return 0;
  }
  try {
    await program.parseAsync(normalizeFlags(argv, allOptions(program)), { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOfCommander(error);
    if (cli.signal.aborted) return INTERRUPTED_EXIT_CODE;
    cli.say(explainError(error));
    return exitCodeOf(error);
  }
}

/** What commander itself finds wrong is wrong usage; a verb that ends by `Command.error` chooses its own code. */
function exitCodeOfCommander(error: CommanderError): number {
  if (error.exitCode === 0 || error.code === 'commander.error') return error.exitCode;
  return USAGE_EXIT_CODE;
}

function createProgram(cli: Cli): Command {
  return new Command('pikelet')
    .description(
      'Pikelet runs containers on a fleet of small devices. Verbs, flags and columns are those of kubectl.',
    )
    .version(PRODUCT_VERSION, '--version', 'print the version of this command')
    .option('--kubeconfig <file>', 'the kubeconfig file to use')
    .option('--data-dir <dir>', "the cluster's data folder, whose admin.kubeconfig is used")
    .option('--context <name>', 'the kubeconfig context to use')
    .option('-n, --namespace <name>', 'the namespace of this request')
    .option('-s, --server <url>', 'the address of the API server')
    .option('--token <token>', 'bearer token for the API server')
    .option('--certificate-authority <file>', "the CA of the server's certificate")
    .option('--insecure-skip-tls-verify', "do not check the server's certificate")
    .option('--request-timeout <duration>', 'how long to wait for an answer, such as 5s')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: text => cli.out(text),
      writeErr: text => cli.say(text.replace(/\n$/, '')),
    })
    .exitOverride();
}

function allOptions(command: Command): readonly Option[] {
  return [...command.options, ...command.commands.flatMap(allOptions)];
}

/** The first word that is neither an option nor an option's value; after `help` the next one. */
export function verbWord(argv: readonly string[], options: readonly Option[]): string | undefined {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === 'help') continue;
    if (!word.startsWith('-')) return word;
    const option = options.find(each => each.long === word || each.short === word);
    if (option?.required) index++;
  }
  return undefined;
}

/** kubectl takes `--wait=false` and `--watch=true`: says the same in flags without a value. Values of other options stay. */
export function normalizeFlags(
  argv: readonly string[],
  options: readonly Pick<Option, 'long' | 'required' | 'optional'>[],
): string[] {
  const flags = new Set(
    options.filter(option => !option.required && !option.optional).map(option => option.long),
  );
  const end = argv.indexOf('--');
  return argv.flatMap((word, index) => {
    const match = /^--([a-z-]+)=(true|false)$/.exec(word);
    const name = match?.[1] ?? '';
    if (!match || (end >= 0 && index > end)) return [word];
    if (!flags.has(`--${name}`) && !flags.has(`--no-${name}`)) return [word];
    if (match[2] === 'true') return flags.has(`--${name}`) ? [`--${name}`] : [];
    return flags.has(`--no-${name}`) ? [`--no-${name}`] : [];
  });
}
