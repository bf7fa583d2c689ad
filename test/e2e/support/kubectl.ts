/** An unmodified kubectl on a test's cluster, as one types it. */
import { expect } from 'vitest';
import type { TestCluster } from '../../support/cluster.ts';
import type { CommandResult } from '../../support/command.ts';

export type Kubectl = {
  /** Arguments separated by one blank; the input is an object, sent as JSON. */
  readonly kubectl: (args: string, input?: unknown, env?: NodeJS.ProcessEnv) => Promise<CommandResult>;
  /** Its standard output; fails when it exits with anything but 0. */
  readonly ok: (args: string, input?: unknown, env?: NodeJS.ProcessEnv) => Promise<string>;
};

export function kubectlOn(cluster: () => TestCluster): Kubectl {
  const kubectl: Kubectl['kubectl'] = (args, input, env) =>
    cluster().kubectl(args.split(' '), input === undefined ? undefined : JSON.stringify(input), env);
  return {
    kubectl,
    ok: async (args, input, env) => {
      const { code, stdout, stderr } = await kubectl(args, input, env);
      expect([args, code, stderr]).toEqual([args, 0, expect.any(String)]);
      return stdout;
    },
  };
}
