/** An unmodified Prometheus that discovers a cluster with every role, and scrapes nothing but its master. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, ROOT } from '../../support/up-process.ts';

export const ROLES = ['node', 'pod', 'service', 'endpoints', 'endpointslice', 'ingress'] as const;
export type Role = (typeof ROLES)[number];

type Labels = Readonly<Record<string, string>>;

export type Prometheus = {
  /** What a role has discovered, each with its labels. */
  discovered(role: Role): Promise<readonly Labels[]>;
  /** How the last scrape of the master went: `up`, or why not. */
  masterHealth(): Promise<readonly string[]>;
  /** Values that a query answers, as text. */
  query(expression: string): Promise<readonly string[]>;
  stop(): Promise<void>;
};

// biome-ignore lint/suspicious/noExplicitAny: each path answers in a shape of its own
type Answer = { readonly data: any };

type ClusterAccess = { readonly server: string; readonly caPem: string; readonly token: string };

/** Throws where there is no Prometheus: test/run.sh fetches one. */
export async function startPrometheus(cluster: ClusterAccess): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'pikelet-prometheus-'));
  const port = await freePort();
  writeFileSync(join(folder, 'ca.crt'), cluster.caPem);
  writeFileSync(join(folder, 'token'), cluster.token, { mode: 0o600 });
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration(folder, cluster.server)));
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', programPath(), `--config.file=${folder}/prometheus.yml`],
      ...[`--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`],
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'close');
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    if (!answer.ok) throw new Error(`Prometheus answers ${answer.status}: ${await answer.text()}`);
    const { data }: Answer = await answer.json();
    return data;
  };
  return {
    async discovered(role) {
      const { droppedTargets } = await ask('targets?state=dropped');
      const labels: Labels[] = droppedTargets.map(
        (each: { discoveredLabels: Labels }) => each.discoveredLabels,
      );
      return labels.filter(({ job }) => job === role);
    },
    async masterHealth() {
      const { activeTargets } = await ask('targets?state=active');
      return activeTargets.map(
        (each: { health: string; lastError: string }) => each.lastError || each.health,
      );
    },
    async query(expression) {
      const { result } = await ask(`query?${new URLSearchParams({ query: expression })}`);
      return result.map((each: { value: [number, string] }) => each.value[1]);
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function programPath(): string {
  const fetched = join(ROOT, 'dist/test/prometheus/usr/bin/prometheus');
  return process.env.PIKELET_TEST_PROMETHEUS || (existsSync(fetched) ? fetched : 'prometheus');
}

function configuration(folder: string, server: string) {
  const access = {
    authorization: { credentials_file: `${folder}/token` },
    tls_config: { ca_file: `${folder}/ca.crt` },
  };
  const discovery = (role: Role) => [{ role, api_server: server, ...access }];
  // What is dropped is listed with its labels, and left in peace.
  const drop = [{ action: 'drop', source_labels: ['__address__'], regex: '.*' }];
  const apiServers = {
    action: 'keep',
    source_labels: ['__meta_kubernetes_namespace', '__meta_kubernetes_service_name'],
    regex: 'default;kubernetes',
  };
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      ...ROLES.map(role => ({
        job_name: role,
        kubernetes_sd_configs: discovery(role),
        relabel_configs: drop,
      })),
      {
        job_name: 'kubernetes-apiservers',
        scheme: 'https',
        ...access,
        kubernetes_sd_configs: discovery('endpoints'),
        relabel_configs: [apiServers],
      },
    ],
  };
}
