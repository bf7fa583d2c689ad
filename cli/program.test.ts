import { Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../shared/clock.ts';
import type { Cli } from './cli.ts';
import { CliError, StatusError, UnreachableError, UsageError } from './errors.ts';
import { normalizeFlags, runProgram, verbWord } from './program.ts';
import type { VerbEntry } from './verbs.ts';

function aCli() {
  const said = { out: '', err: '' };
  const abort = new AbortController();
  const cli: Cli = {
    env: {},
    cwd: '/nowhere',
    home: '/nowhere',
    installDir: '/nowhere',
    clock: new FakeClock(),
    signal: abort.signal,
    out: text => {
      said.out += text;
    },
    say: text => {
      said.err += `${text}\n`;
    },
    stdio: process,
    readStdin: async () => '',
  };
  return { cli, said, abort };
}

function aVerb(
  name: string,
  action: (options: Record<string, unknown>) => void = () => undefined,
): VerbEntry {
  return {
    name,
    summary: name,
    load: async () => command => {
      command
        .option('-w, --wait', '', true)
        .option('--no-wait')
        .option('-f, --force')
        .option('-l, --selector <query>')
        .action(() => action(command.optsWithGlobals()));
    },
  };
}

describe('a run', () => {
  test('loads only the verb that is meant, wherever the global flags stand', async () => {
    const { cli } = aCli();
    const never: VerbEntry = { ...aVerb('other'), load: () => Promise.reject(new Error('loaded')) };
    let seen: Record<string, unknown> = {};
    const verb = aVerb('delete', options => {
      seen = options;
    });
    expect(
      await runProgram(['-n', 'other', 'delete', '--wait=false', '--force=true', '-s', 'u', '-lapp=x'], cli, [
        verb,
        never,
      ]),
    ).toBe(0);
    expect(seen).toEqual({ namespace: 'other', wait: false, force: true, server: 'u', selector: 'app=x' });
  });

  test.each([
    ['an unknown verb', ['gte'], undefined, 2, /unknown command 'gte'\n\(Did you mean get\?\)/],
    ['an unknown flag', ['get', '--al'], undefined, 2, /unknown option '--al'/],
    ['wrong usage', ['get'], new UsageError('what?'), 2, /^error: what\?$/m],
    ['a failure', ['get'], new CliError('broken'), 1, /^error: broken$/m],
    [
      'a refusal',
      ['get'],
      new StatusError({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        reason: 'NotFound',
        message: 'pods "x" not found',
        code: 404,
      }),
      1,
      /^Error from server \(NotFound\): pods "x" not found$/m,
    ],
    [
      'a silent server',
      ['get'],
      new UnreachableError('https://pi:6443', 'ECONNREFUSED'),
      1,
      /refused.*\nStart it with: npm run up/,
    ],
  ])('%s', async (_, argv, error, code, message) => {
    const { cli, said } = aCli();
    const verb = aVerb('get', () => {
      if (error) throw error;
    });
    expect(await runProgram(argv, cli, [verb])).toBe(code);
    expect(said.err).toMatch(message);
    expect(said.out).toBe('');
  });

  test('without a verb shows the verbs', async () => {
    const { cli, said } = aCli();
    expect(await runProgram([], cli, [aVerb('get')])).toBe(0);
    expect(said.out).toMatch(/Commands:\n {2}get/);
  });

  test('Ctrl-C is quiet', async () => {
    const { cli, said, abort } = aCli();
    const verb = aVerb('get', () => {
      abort.abort();
      throw new Error('aborted');
    });
    expect(await runProgram(['get'], cli, [verb])).toBe(130);
    expect(said.err).toBe('');
  });
});

test.each([
  [['get', 'pods'], 'get'],
  [['-n', 'x', 'get'], 'get'],
  [['--namespace=x', 'get'], 'get'],
  [['--loud', 'get'], 'get'],
  [['help', 'get'], 'get'],
  [['-n'], undefined],
  [[], undefined],
])('the verb of %j is %j', (argv, want) => {
  const options = [new Option('-n, --namespace <name>'), new Option('--loud')];
  expect(verbWord(argv, options)).toBe(want);
});

test('values of options and words after -- are no flags', () => {
  const options = [new Option('--for <what>'), new Option('--force')];
  expect(
    normalizeFlags(['--for=true', '--force=false', '--unknown=true', '--', '--force=true'], options),
  ).toEqual(['--for=true', '--unknown=true', '--', '--force=true']);
});
