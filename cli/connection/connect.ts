/** From options and kubeconfig files to a client. The only place of the command that reads credentials. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Cli, GlobalOptions } from '../cli.ts';
import { parseDurationMs } from '../duration.ts';
import { CliError, UsageError } from '../errors.ts';
import { ANSWER_TIMEOUT_MS } from '../limits.ts';
import { loadYaml } from '../yaml.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { mergeKubeconfigs, type PickedContext, parseKubeconfig, pickContext } from './kubeconfig.ts';
import { ADMIN_KUBECONFIG, locateKubeconfig } from './locate.ts';

export type Connection = {
  readonly api: ApiClient;
  /** The namespace asked for, else the context's, else `default`. */
  readonly namespace: string;
  /** True when the user gave one with -n. */
  readonly namespaceGiven: boolean;
  /** The kubeconfig files that were read. */
  readonly paths: readonly string[];
  /** The folder of `npm run up`, when the kubeconfig lies in one. */
  readonly dataDir: string | undefined;
};

/** Reads the configuration; the network is not touched. Throws CliError that says what to do when there is no cluster to talk to. */
export async function connect(cli: Cli, options: GlobalOptions): Promise<Connection> {
  const located = locateKubeconfig(options, cli, existsSync);
  const picked = await readContext(located.paths, located.named, options);
  const server = options.server ?? picked?.cluster.server;
  if (server === undefined)
    throw new CliError(
      'no cluster is known here: there is no .pikelet/admin.kubeconfig in this folder or above it, nor a ~/.kube/config\nStart a cluster with: npm run up\nor name one with --kubeconfig FILE or --data-dir DIR',
    );
  const api = await createApiClient({
    server,
    tls: tlsOf(picked, options, cli.cwd),
    token: options.token ?? tokenOf(picked),
    answerTimeoutMs: timeoutOf(options.requestTimeout),
    clock: cli.clock,
  });
  const first = located.paths[0];
  return {
    api,
    namespace: options.namespace || picked?.namespace || 'default',
    namespaceGiven: Boolean(options.namespace),
    paths: located.paths,
    dataDir: options.dataDir
      ? resolve(cli.cwd, options.dataDir)
      : first !== undefined && basename(first) === ADMIN_KUBECONFIG
        ? dirname(first)
        : undefined,
  };
}

async function readContext(
  paths: readonly string[],
  named: boolean,
  options: GlobalOptions,
): Promise<PickedContext | undefined> {
  const present = paths.filter(path => existsSync(path));
  if (present.length === 0) {
    if (!named || options.server !== undefined) return undefined;
    throw new CliError(
      `there is no kubeconfig at ${paths.join(', ')}\nStart a cluster with: npm run up   or name another file with --kubeconfig FILE`,
    );
  }
  const files = present.map(path =>
    parseKubeconfig(loadYaml(readText(path), path), { path, dir: dirname(path) }),
  );
  return pickContext(mergeKubeconfigs(files), options.context);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`cannot read ${path}: ${why}`, { cause });
  }
}

function tlsOf(picked: PickedContext | undefined, options: GlobalOptions, cwd: string) {
  const { cluster, user } = picked ?? {};
  const insecure = options.insecureSkipTlsVerify ?? cluster?.['insecure-skip-tls-verify'] ?? false;
  if (user?.exec !== undefined && options.token === undefined)
    throw new CliError(
      'this user needs an exec credential plugin, which pikelet does not run; use --token or another --context',
    );
  // A token given by hand is meant to be used: beside a certificate the server would not look at it.
  const identity = options.token === undefined ? user : undefined;
  return {
    ca: options.certificateAuthority
      ? readText(resolve(cwd, options.certificateAuthority))
      : pemOf(cluster?.['certificate-authority-data'], cluster?.['certificate-authority'], cluster?.dir),
    cert: pemOf(identity?.['client-certificate-data'], identity?.['client-certificate'], identity?.dir),
    key: pemOf(identity?.['client-key-data'], identity?.['client-key'], identity?.dir),
    rejectUnauthorized: !insecure,
    servername: cluster?.['tls-server-name'],
  };
}

function pemOf(base64: string | undefined, file: string | undefined, dir = '.'): string | undefined {
  if (base64) return Buffer.from(base64, 'base64').toString('utf8');
  return file ? readText(resolve(dir, file)) : undefined;
}

function tokenOf(picked: PickedContext | undefined): string | undefined {
  if (picked === undefined) return undefined;
  const { token, tokenFile, dir } = picked.user;
  return token || (tokenFile ? readText(resolve(dir, tokenFile)).trim() : undefined);
}

function timeoutOf(text: string | undefined): number {
  if (text === undefined || text === '0') return ANSWER_TIMEOUT_MS;
  const parsed = parseDurationMs(text);
  if (parsed === undefined || parsed === 0)
    throw new UsageError(`--request-timeout ${JSON.stringify(text)} is not a duration such as 10s or 2m`);
  return parsed;
}
