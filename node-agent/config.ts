/** The agent's options: flags before environment before file, checked once, then frozen. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { HEARTBEAT_INTERVAL_MS } from '../shared/protocol/limits.ts';
import { formatBytes, formatCpuMilli, parseBytes, parseCpuMilli } from '../shared/quantity.ts';
import {
  IMAGE_GC_HIGH_PERCENT,
  IMAGE_GC_LOW_PERCENT,
  PARALLEL_PULLS,
  SHUTDOWN_CRITICAL_SECONDS,
  SHUTDOWN_GRACE_SECONDS,
} from './limits.ts';
import type { Reserved } from './node-info/allocatable.ts';
import { parseThresholds } from './node-info/parse-thresholds.ts';
import type { ShutdownPeriods } from './sync/shutdown.ts';

/** A fault of the user's: shown as it is, exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const text = v.pipe(v.string(), v.trim(), v.minLength(1, 'must not be empty'));
const quantity = (parse: (text: string) => number | undefined, example: string) =>
  v.pipe(
    text,
    v.transform(value => parse(value) ?? 0),
    v.number(),
    v.minValue(1, `must be a quantity above zero, such as ${example}`),
  );

const reservation = (parse: (text: string) => number | undefined, example: string) =>
  v.pipe(
    text,
    v.transform(value => parse(value) ?? -1),
    v.minValue(0, `must be a quantity such as ${example}, or 0`),
  );

const thresholds = v.pipe(
  text,
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parseThresholds(dataset.value);
    if ('thresholds' in parsed) return parsed.thresholds;
    addIssue({ message: parsed.fault });
    return NEVER;
  }),
);

const wholeNumber = (min: number, max: number) =>
  v.pipe(
    v.union([v.number(), v.pipe(text, v.transform(Number))]),
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  );

const OptionsSchema = v.object({
  /** The master's MQTT broker. */
  master: v.pipe(text, v.check(isMqttUrl, 'must look like mqtt://host:1883')),
  /** Where the agent keeps credentials, checkpoint and volumes. */
  dataDir: v.optional(text, '/var/lib/pikelet-agent'),
  token: v.optional(text),
  tokenFile: v.optional(text),
  name: v.optional(
    v.pipe(
      text,
      v.maxLength(63, 'must have at most 63 characters'),
      v.regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be lower-case letters, digits, "-" and "."'),
    ),
  ),
  dockerSocket: v.optional(text, '/var/run/docker.sock'),
  /** Thousandths of a core; absent: all that the machine has. */
  capacityCpu: v.optional(quantity(parseCpuMilli, '500m')),
  /** Bytes; absent: all that the machine has. */
  capacityMemory: v.optional(quantity(parseBytes, '512Mi')),
  /** Kept for the device's own programs: thousandths of a core, and bytes; absent: see node-info/allocatable.ts. */
  reservedCpu: v.optional(reservation(parseCpuMilli, '100m')),
  reservedMemory: v.optional(reservation(parseBytes, '160Mi')),
  reservedEphemeralStorage: v.optional(reservation(parseBytes, '1Gi')),
  /** Below which the node has pressure and pods are evicted; absent: HARD_THRESHOLDS. */
  evictionHard: v.optional(thresholds),
  /** Bytes of its output that each container keeps; absent: 10 MiB. */
  containerLogSize: v.optional(
    v.pipe(quantity(parseBytes, '10Mi'), v.minValue(65_536, 'must be at least 64Ki')),
  ),
  maxParallelImagePulls: v.optional(wholeNumber(1, 100), PARALLEL_PULLS),
  /** Used share of the engine's disk, percent. */
  imageGcHighThreshold: v.optional(wholeNumber(0, 100), IMAGE_GC_HIGH_PERCENT),
  imageGcLowThreshold: v.optional(wholeNumber(0, 100), IMAGE_GC_LOW_PERCENT),
  /** Seconds that pods get when the device shuts down, and those of them that critical pods get. */
  shutdownGracePeriod: v.optional(wholeNumber(0, 3600), SHUTDOWN_GRACE_SECONDS),
  shutdownGracePeriodCriticalPods: v.optional(wholeNumber(0, 3600)),
  deviceId: v.optional(text),
  /** Where /dev and /sys of what is attached are: another folder for a virtual device. */
  deviceRoot: v.optional(text, '/'),
  heartbeatIntervalMs: v.optional(
    v.pipe(
      v.union([v.number(), v.pipe(text, v.transform(Number))]),
      v.number('must be a number of milliseconds'),
      v.integer('must be a whole number of milliseconds'),
      v.minValue(100, 'must be at least 100'),
      v.maxValue(60_000, 'must be at most 60000'),
    ),
    HEARTBEAT_INTERVAL_MS,
  ),
  logLevel: v.optional(
    v.picklist(
      ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
      'must be trace, debug, info, warn, error or silent',
    ),
    'info',
  ),
});

type OptionName = keyof typeof OptionsSchema.entries;

export type AgentConfig = Readonly<v.InferOutput<typeof OptionsSchema>>;

const NAMES: readonly OptionName[] = v.keyof(OptionsSchema).options;

/** What `--help` prints. */
export const USAGE = `usage: pikelet-agent --master mqtt://HOST:PORT [options]

  --master URL                 the master's MQTT broker
  --data-dir DIR               credentials, checkpoint and volumes (/var/lib/pikelet-agent)
  --token TOKEN                join token, needed until the device has joined
  --token-file FILE            read the join token from a file
  --name NAME                  wanted node name
  --docker-socket PATH         Docker Engine's socket (/var/run/docker.sock)
  --capacity-cpu QUANTITY      CPU to offer, such as 500m (all)
  --capacity-memory QUANTITY   memory to offer, such as 512Mi (all)
  --reserved-cpu QUANTITY      CPU kept from pods for the device's own programs (0)
  --reserved-memory QUANTITY   memory kept from pods (160Mi, at most a quarter; 0 with --capacity-memory)
  --reserved-ephemeral-storage QUANTITY  disk kept from pods (0)
  --eviction-hard THRESHOLDS   when pods are evicted, such as memory.available<100Mi,nodefs.available<10%
  --container-log-size QUANTITY  output that each container keeps (10Mi)
  --max-parallel-image-pulls N images pulled side by side (${PARALLEL_PULLS})
  --image-gc-high-threshold N  percent of the disk in use at which unused images are removed; 100: never (${IMAGE_GC_HIGH_PERCENT})
  --image-gc-low-threshold N   percent at which that ends (${IMAGE_GC_LOW_PERCENT})
  --shutdown-grace-period N    seconds that pods get to end when the device shuts down; 0: Docker stops them (${SHUTDOWN_GRACE_SECONDS})
  --shutdown-grace-period-critical-pods N  those of them that are kept for critical pods (${SHUTDOWN_CRITICAL_SECONDS}, at most a third)
  --device-id ID               what tells this device from others (read from the hardware)
  --device-root DIR            where /dev and /sys of attached devices are (/)
  --heartbeat-interval-ms N    milliseconds between heartbeats (${HEARTBEAT_INTERVAL_MS})
  --log-level LEVEL            trace, debug, info, warn, error or silent (info)
  --config FILE                JSON with the same options, such as {"dataDir": "/data"}

Each option may also come from the environment: --data-dir as PIKELET_DATA_DIR.`;

/**
 * The options of one start; undefined when help was asked for. Throws ConfigError that names the option at fault.
 * `argv` is without the program's own name.
 */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): AgentConfig | undefined {
  const flags = parseFlags(argv);
  if (flags.help) return undefined;
  const fromEnvironment = Object.fromEntries(
    NAMES.flatMap(name => {
      const value = environment[`PIKELET_${words(name).join('_').toUpperCase()}`];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const configPath = flags.values.config ?? environment.PIKELET_CONFIG;
  const merged = { ...readFileOptions(configPath), ...fromEnvironment, ...byName(flags.values) };
  const parsed = v.safeParse(OptionsSchema, merged);
  if (!parsed.success) throw new ConfigError(parsed.issues.map(describeIssue).join('\n'));
  const { imageGcHighThreshold: high, imageGcLowThreshold: low } = parsed.output;
  if (low >= high)
    throw new ConfigError(`--image-gc-low-threshold: must be below --image-gc-high-threshold (${high})`);
  const { shutdownGracePeriod: all, shutdownGracePeriodCriticalPods: critical = 0 } = parsed.output;
  if (critical > all)
    throw new ConfigError(
      `--shutdown-grace-period-critical-pods: must be at most --shutdown-grace-period (${all})`,
    );
  return Object.freeze(parsed.output);
}

/** What pods get when the device shuts down. */
export function shutdownPeriodsOf(config: AgentConfig): ShutdownPeriods {
  const { shutdownGracePeriod: graceSeconds, shutdownGracePeriodCriticalPods: critical } = config;
  const usual = Math.min(SHUTDOWN_CRITICAL_SECONDS, Math.floor(graceSeconds / 3));
  return { graceSeconds, criticalSeconds: critical ?? usual };
}

/**
 * The join token, read only when it is needed: a device that has joined may have lost the file. Throws ConfigError when
 * there is none.
 */
export function joinToken({ token, tokenFile }: Pick<AgentConfig, 'token' | 'tokenFile'>): string {
  if (token !== undefined) return token;
  if (tokenFile === undefined)
    throw new ConfigError(
      '--token is missing: this device has not joined yet; make a token on the master with "pikelet token create"',
    );
  const content = readText(tokenFile, '--token-file').trim();
  if (content === '') throw new ConfigError(`--token-file: ${tokenFile} is empty`);
  return content;
}

/** What is kept from pods, as far as it was said. */
export function reservedOf(config: AgentConfig): Reserved {
  const { reservedCpu, reservedMemory, reservedEphemeralStorage } = config;
  return { cpuMilli: reservedCpu, memoryBytes: reservedMemory, storageBytes: reservedEphemeralStorage };
}

/** Throws ConfigError when nothing would be left for pods. What the device does not tell (0) bounds nothing. */
export function checkReserved(
  config: AgentConfig,
  device: { readonly cpuCount: number; readonly memoryBytes: number; readonly storageBytes: number },
): void {
  const rows = [
    ['reservedCpu', config.capacityCpu ?? device.cpuCount * 1000, formatCpuMilli],
    ['reservedMemory', config.capacityMemory ?? device.memoryBytes, formatBytes],
    ['reservedEphemeralStorage', device.storageBytes, formatBytes],
  ] as const;
  const faults = rows.flatMap(([name, capacity, format]) => {
    const reserved = config[name] ?? 0;
    if (capacity <= 0 || reserved < capacity) return [];
    return [`--${flagOf(name)}: must be below the capacity of ${format(capacity)}, not ${format(reserved)}`];
  });
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
}

function parseFlags(argv: readonly string[]): { help: boolean; values: Record<string, string> } {
  const options = Object.fromEntries(
    [...NAMES.map(flagOf), 'config'].map(flag => [flag, { type: 'string' as const }]),
  );
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      strict: true,
    });
    const texts = Object.entries(values).flatMap(([flag, value]): [string, string][] =>
      typeof value === 'string' ? [[flag, value]] : [],
    );
    return { help: values.help === true, values: Object.fromEntries(texts) };
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function byName(flags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    NAMES.flatMap(name => {
      const value = flags[flagOf(name)];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function readFileOptions(path: string | undefined): Record<string, unknown> {
  if (path === undefined) return {};
  const content = readText(path, '--config');
  try {
    return v.parse(v.record(v.string(), v.unknown()), JSON.parse(content));
  } catch (error) {
    throw new ConfigError(`--config: ${path} is not a JSON object`, { cause: error });
  }
}

function readText(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${option}: cannot read ${path}`, { cause: error });
  }
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const key = NAMES.find(name => name === v.getDotPath(issue));
  const option = key ? `--${flagOf(key)}` : 'options';
  return issue.input === undefined ? `${option} is missing` : `${option}: ${issue.message}`;
}

function flagOf(name: OptionName): string {
  return words(name).join('-');
}

/** dataDir → data, dir */
function words(name: string): readonly string[] {
  return name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`).split(' ');
}

function isMqttUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'mqtt:' && hostname !== '';
}

/** Folder of the volumes that outlive pods, below the agent's own. */
export function volumesFolder(dataDir: string): string {
  return join(resolve(dataDir), 'volumes');
}

/** Folder of the pods' volumes below the agent's own. */
export function podsFolder(dataDir: string): string {
  return join(dataDir, 'pods');
}
