/** The flags of `npm run up`: parsed once, checked, and refused with the flag's name. Pure. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export type UpOptions = {
  /** Virtual devices to run, 0 to 32. */
  readonly nodes: number;
  /** Absolute. Everything that a cluster owns is below it. */
  readonly dataDir: string;
  readonly apiPort: number;
  readonly mqttPort: number;
  /** The address that the API and the broker listen on. */
  readonly listen: string;
  readonly dockerSocket: string;
  /** Only make the engine and the samples' image be there. */
  readonly setUpOnly: boolean;
};

export type ParsedOptions =
  | { readonly kind: 'run'; readonly options: UpOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'fault'; readonly message: string };

/** Each device is a process of some 50 MB and a share of the machine's CPU: more than this is another tool's work. */
const MAX_NODES = 32;

const HELP = `Starts a Pikelet cluster on this machine and keeps it running until Ctrl-C.

  npm run up -- [options]

  --nodes N             virtual devices, each an agent process of its own (default 1; 0 for a master alone)
  --data-dir DIR        where all of the cluster's data lives (default .pikelet in the repository)
  --api-port PORT       where the Kubernetes API and the dashboard listen (default 6443)
  --mqtt-port PORT      where the MQTT broker listens (default 1883)
  --listen ADDRESS      address to listen on (default 127.0.0.1; 0.0.0.0 lets real devices join)
  --docker-socket PATH  the Docker Engine to use (default /var/run/docker.sock)
  --set-up-only         install and start what is missing, then end
  --help                this text
`;

const FLAGS = {
  nodes: { type: 'string', default: '1' },
  'data-dir': { type: 'string' },
  'api-port': { type: 'string', default: '6443' },
  'mqtt-port': { type: 'string', default: '1883' },
  listen: { type: 'string', default: '127.0.0.1' },
  'docker-socket': { type: 'string', default: '/var/run/docker.sock' },
  'set-up-only': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the arguments after the program's name; `root` is the repository and `cwd` where relative paths start. */
export function parseOptions(
  args: readonly string[],
  { root, cwd }: { readonly root: string; readonly cwd: string },
): ParsedOptions {
  const parsed = parseFlags(args);
  if (typeof parsed === 'string') return { kind: 'fault', message: parsed };
  if (parsed.help) return { kind: 'help', text: HELP };
  const nodes = wholeNumber(parsed.nodes, 0, MAX_NODES);
  if (nodes === undefined) return fault('nodes', parsed.nodes, `a whole number from 0 to ${MAX_NODES}`);
  const apiPort = wholeNumber(parsed['api-port'], 1, 65_535);
  if (apiPort === undefined) return fault('api-port', parsed['api-port'], 'a port from 1 to 65535');
  const mqttPort = wholeNumber(parsed['mqtt-port'], 1, 65_535);
  if (mqttPort === undefined) return fault('mqtt-port', parsed['mqtt-port'], 'a port from 1 to 65535');
  if (apiPort === mqttPort) {
    return { kind: 'fault', message: `--api-port and --mqtt-port are both ${apiPort}: choose two` };
  }
  const options = {
    nodes,
    dataDir: parsed['data-dir'] ? resolve(cwd, parsed['data-dir']) : resolve(root, '.pikelet'),
    apiPort,
    mqttPort,
    listen: parsed.listen,
    dockerSocket: resolve(cwd, parsed['docker-socket']),
    setUpOnly: parsed['set-up-only'],
  };
  return { kind: 'run', options };
}

/** The flags as given, or what is wrong with them. */
function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    // parseArgs names the flag in its message, and then goes on about positional arguments.
    return error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error);
  }
}

function fault(flag: string, value: string, wanted: string): ParsedOptions {
  return { kind: 'fault', message: `--${flag} is "${value}", and must be ${wanted}` };
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
