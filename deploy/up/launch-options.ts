/** How Node.js is started for the programs of a cluster; the systemd units in deploy/install say the same. */

export type LaunchOptions = {
  /** Flags of node, before the script. */
  readonly nodeFlags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

/**
 * An agent has little to compute and lives beside pods: no optimizing compiler (whose code alone is 3.5 MB in memory once
 * it has run), small heap areas, and one area for malloc instead of one per thread. Together 6 MB of RSS.
 */
export const AGENT_LAUNCH: LaunchOptions = {
  nodeFlags: ['--max-semi-space-size=1', '--max-old-space-size=128', '--no-opt'],
  environment: { MALLOC_ARENA_MAX: '1' },
};

/**
 * The heap's bound, MB: ten thousand pods are a tenth of it. On a large machine V8 would let a heap grow to several times what
 * lives in it before it collects. Two areas for malloc: one for the threads of Node.js, one that the store's thread finds free.
 */
export const MASTER_LAUNCH: LaunchOptions = {
  nodeFlags: ['--max-old-space-size=1024'],
  environment: { MALLOC_ARENA_MAX: '2' },
};
