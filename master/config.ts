/** The master's configuration: flags over environment over defaults, parsed once and frozen. */
import { hostname, networkInterfaces } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as v from 'valibot';

const port = v.pipe(
  v.string(),
  v.regex(/^\d{1,5}$/, 'must be a port number'),
  v.transform(Number),
  v.maxValue(65_535, 'must be a port number'),
);
const text = v.pipe(v.string(), v.minLength(1, 'must not be empty'));

/** Option → its schema, default, and what it is. Each is also read from PIKELET_MASTER_<NAME>. */
const OPTIONS = {
  'data-dir': { schema: text, default: '/var/lib/pikelet/master', about: 'where the cluster is kept' },
  'listen-host': { schema: text, default: '0.0.0.0', about: 'address to listen on' },
  'api-port': { schema: port, default: '6443', about: 'port of the API and the dashboard; 0 picks one' },
  'mqtt-port': { schema: port, default: '1883', about: 'port of the MQTT broker; 0 picks one' },
  'public-host': {
    schema: v.string(),
    default: '',
    about: 'name or address that clients use, comma-separated; the first goes into the kubeconfig',
  },
  'admin-kubeconfig': {
    schema: v.string(),
    default: '',
    about: 'where to write it; DATA_DIR/admin.kubeconfig without',
  },
  'dashboard-token-file': {
    schema: v.string(),
    default: '',
    about: 'where to write it; DATA_DIR/dashboard-token without',
  },
  'static-dir': {
    schema: v.string(),
    default: '',
    about: 'the built dashboard and device files; beside the program without',
  },
  'log-level': {
    schema: v.picklist(['trace', 'debug', 'info', 'warn', 'error']),
    default: 'info',
    about: 'least level that is logged',
  },
} as const;

type Name = keyof typeof OPTIONS;

export type MasterConfig = {
  readonly dataDir: string;
  readonly listenHost: string;
  readonly apiPort: number;
  readonly mqttPort: number;
  /** Names and addresses that the server certificate must hold; the first is what clients are told. */
  readonly hosts: readonly string[];
  readonly adminKubeconfig: string;
  readonly dashboardTokenFile: string;
  readonly staticDir: string;
  readonly logLevel: string;
};

/** A fault of the command line, fit to be shown; the program then ends with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Throws UsageError naming the option. `programDir` is where the program's bundle lies. */
export function parseConfig(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  programDir: string,
): MasterConfig {
  const given = flagsOf(args);
  const value = <N extends Name>(name: N): v.InferOutput<(typeof OPTIONS)[N]['schema']> => {
    const variable = `PIKELET_MASTER_${name.toUpperCase().replaceAll('-', '_')}`;
    const raw = given[name] ?? env[variable] ?? OPTIONS[name].default;
    const parsed = v.safeParse(OPTIONS[name].schema, raw);
    if (parsed.success) return parsed.output;
    throw new UsageError(`--${name}: ${JSON.stringify(raw)}: ${parsed.issues[0].message}`);
  };
  const dataDir = path.resolve(String(value('data-dir')));
  const inDataDir = (name: Name, file: string) =>
    path.resolve(String(value(name)) || path.join(dataDir, file));
  return Object.freeze({
    dataDir,
    listenHost: String(value('listen-host')),
    apiPort: Number(value('api-port')),
    mqttPort: Number(value('mqtt-port')),
    hosts: hostsOf(String(value('public-host')), String(value('listen-host'))),
    adminKubeconfig: inDataDir('admin-kubeconfig', 'admin.kubeconfig'),
    dashboardTokenFile: inDataDir('dashboard-token-file', 'dashboard-token'),
    staticDir: path.resolve(String(value('static-dir')) || programDir),
    logLevel: String(value('log-level')),
  });
}

function flagsOf(args: readonly string[]): Readonly<Record<string, string | undefined>> {
  const options = Object.fromEntries(Object.keys(OPTIONS).map(name => [name, { type: 'string' as const }]));
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Addresses that listen on every interface: no client can be told one of these. */
const ANY: readonly string[] = ['0.0.0.0', '::', ''];

/** What clients may call this machine: the names given, the one address it listens on, then all its own. */
function hostsOf(publicHosts: string, listenHost: string): string[] {
  const given = publicHosts
    .split(',')
    .map(host => host.trim())
    .filter(host => host !== '');
  const addresses = Object.values(networkInterfaces()).flatMap(list =>
    (list ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  );
  const stable = addresses.filter(address => !address.startsWith('fe80:'));
  const listening = ANY.includes(listenHost) ? [] : [listenHost];
  return [...new Set([...given, ...listening, ...stable, hostname(), 'localhost', '127.0.0.1', '::1'])];
}

/** The text of --help. */
export function usage(): string {
  const lines = Object.entries(OPTIONS).map(
    ([name, option]) => `  --${name.padEnd(22)} ${option.about} (${option.default || 'none'})`,
  );
  return `pikelet master\n\n${lines.join('\n')}\n`;
}
