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

/** Two areas: one for the threads of Node.js, one that the store's thread finds free. */
export const MASTER_LAUNCH: LaunchOptions = { nodeFlags: [], environment: { MALLOC_ARENA_MAX: '2' } };
