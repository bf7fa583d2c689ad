/** Options that the writing verbs share. */
import type { Command } from 'commander';
import { UsageError } from '../errors.ts';

export type WriteOptions = { readonly output?: string; readonly dryRun?: string };
export type DryRun = 'client' | 'server' | undefined;

/** Declares `-o` and `--dry-run`. */
export function writeOptions(command: Command): Command {
  return command
    .option('-o, --output <form>', 'print the object: name, json, yaml, jsonpath=…')
    .option('--dry-run <strategy>', 'none, server (ask, change nothing) or client (do not even ask)');
}

/** Throws UsageError for an unknown strategy. */
export function parseDryRun(text: string | undefined): DryRun {
  if (text === undefined || text === 'none') return undefined;
  if (text === 'client' || text === 'server') return text;
  throw new UsageError(`invalid dry-run value (${text}). Must be "none", "server", or "client"`);
}

export function dryRunQuery(dryRun: DryRun): { readonly dryRun?: string } {
  return dryRun === 'server' ? { dryRun: 'All' } : {};
}

/** What is added to a line about a write that did not happen. */
export function dryRunSuffix(dryRun: DryRun): string {
  return dryRun === undefined ? '' : dryRun === 'server' ? ' (server dry run)' : ' (dry run)';
}
