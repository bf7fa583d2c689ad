import { expect, test } from 'vitest';
import { FakeClock } from '../shared/clock.ts';
import type { Cli } from './cli.ts';
import { runProgram } from './program.ts';
import { VERBS } from './verbs.ts';

const cli: Cli = {
  env: {},
  cwd: '/nowhere',
  home: '/nowhere',
  installDir: '/nowhere',
  clock: new FakeClock(),
  signal: new AbortController().signal,
  out: () => undefined,
  say: () => undefined,
  stdio: process,
  readStdin: async () => '',
};

test('no two verbs share a name', () => {
  const names = VERBS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  expect(new Set(names).size).toBe(names.length);
});

test.each(VERBS.map(verb => verb.name))('%s loads, and shows its help', async name => {
  let shown = '';
  const code = await runProgram([name, '--help'], { ...cli, out: text => (shown += text) });
  expect(code).toBe(0);
  expect(shown).toContain(`Usage: pikelet ${name}`);
});
