/** A whole cluster to measure: the real master, agents and containers, on this machine, gone again afterwards. */

import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ApiClient, createApiClient } from '../../cli/connection/api-client.ts';
import { parseKubeconfig, pickContext } from '../../cli/connection/kubeconfig.ts';
import { loadYaml } from '../../cli/yaml.ts';
import { systemClock } from '../../shared/clock.ts';
import { deadlineAfter } from '../../shared/deadline.ts';
import { startCluster, type TestCluster } from '../../test/support/cluster.ts';
import type { Target } from './load-client.ts';

export type World = {
  readonly cluster: TestCluster;
  readonly api: ApiClient;
  /** The same API and credentials, for a client of one's own. */
  readonly target: Target;
  /** Aborts when all is measured, when the person at the terminal has had enough, and when it takes longer than it ever should. */
  readonly signal: AbortSignal;
};

const ANSWER_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

/**
 * Runs a benchmark on a cluster of its own, and ends the process with 1 and the cluster's logs when it fails. Whatever
 * happens, also at SIGINT and SIGTERM, processes, containers and data are gone at the end.
 */
export function runOnCluster(
  { nodes, withinMs }: { readonly nodes: number; readonly withinMs: number },
  measure: (world: World) => Promise<void>,
): void {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort(new Error(name)));
  const measured = new AbortController();
  const signal = deadlineAfter(withinMs, AbortSignal.any([ending.signal, measured.signal])).signal;
  setMaxListeners(0, signal);
  const run = async () => {
    const cluster = await startCluster({ nodes });
    try {
      const target = targetOf(cluster.kubeconfig);
      await measure({ cluster, api: await openClient(target), target, signal });
    } catch (error) {
      if (!ending.signal.aborted) process.stderr.write(`${cluster.logs()}\n`);
      throw error;
    } finally {
      measured.abort();
      await cluster.stop();
    }
  };
  run().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`error: ${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
}

function targetOf(kubeconfig: string): Target {
  const content = loadYaml(readFileSync(kubeconfig, 'utf8'), kubeconfig);
  const { cluster, user } = pickContext(
    parseKubeconfig(content, { path: kubeconfig, dir: dirname(kubeconfig) }),
  );
  const pem = (base64 = '') => Buffer.from(base64, 'base64').toString('utf8');
  const { hostname, port } = new URL(cluster.server);
  return {
    host: hostname,
    port: Number(port),
    ca: pem(cluster['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  };
}

function openClient({ host, port, ...tls }: Target): Promise<ApiClient> {
  return createApiClient({
    server: `https://${host}:${port}`,
    tls,
    answerTimeoutMs: ANSWER_TIMEOUT_MS,
    clock: systemClock,
  });
}

/** Resolves once `isSo` answers true, looking every 50 ms. */
export async function until(isSo: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await isSo())) await systemClock.sleep(POLL_MS, signal);
}
