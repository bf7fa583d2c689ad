/** An unmodified Prometheus that scrapes one master. Debian's: it is built without discovery by Kubernetes's API. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, ROOT } from '../../support/up-process.ts';

export type Prometheus = {
  /** How the last scrape of the master went: `up`, why not, or empty before the first. */
  health(): Promise<string>;
  /** Values that a query answers, as text. */
  query(expression: string): Promise<readonly string[]>;
  stop(): Promise<void>;
};

export type ScrapeAccess = { readonly server: string; readonly caPem: string; readonly token: string };

// biome-ignore lint/suspicious/noExplicitAny: each path answers in a shape of its own
type Answer = { readonly data: any };

/** Throws where there is no Prometheus: test/run.sh fetches one. */
export async function startPrometheus(access: ScrapeAccess): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'pikelet-prometheus-'));
  const port = await freePort();
  writeFileSync(join(folder, 'ca.crt'), access.caPem);
  writeFileSync(join(folder, 'token'), access.token, { mode: 0o600 });
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration(folder, access.server)));
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
    const text = await answer.text();
    if (!answer.ok) throw new Error(`Prometheus answers ${answer.status}: ${text}`);
    const { data }: Answer = JSON.parse(text);
    return data;
  };
  return {
    async health() {
      const { activeTargets } = await ask('targets?state=active');
      const [target] = activeTargets;
      return target === undefined ? '' : target.lastError || target.health;
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
  const master = {
    job_name: 'pikelet',
    scheme: 'https',
    authorization: { credentials_file: `${folder}/token` },
    tls_config: { ca_file: `${folder}/ca.crt` },
    static_configs: [{ targets: [new URL(server).host] }],
  };
  return { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [master] };
}
