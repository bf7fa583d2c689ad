/** What a file of verbs/ exports. */
import type { Command } from 'commander';
import type { Cli } from './cli.ts';

/** Declares a verb's arguments and options on `command`, and what it does as its action. */
export type DeclareVerb = (command: Command, cli: Cli) => void;

/** Gathers a repeatable option, each of whose values may hold several parted by commas. */
export function collectList(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(',').filter(part => part !== '')];
}
