/**
 * Docker's failures as the port's kinds. Docker gives an HTTP code and a sentence, and often only the sentence tells
 * things apart; this is the one place that reads sentences.
 */
import { errorCode } from '../../shared/error-code.ts';
import { RuntimeError, type RuntimeFailure } from './container-runtime.ts';

/** What is known of a failed call. */
export type DockerFault = {
  readonly operation: string;
  readonly message: string;
  /** Absent when no answer came. */
  readonly statusCode?: number;
  /** Of the connection: `ENOENT`, `ECONNREFUSED`, … */
  readonly errorCode?: string;
};

/** Whole-call faults that can meet any operation, then those of one. First match wins. */
const SENTENCES: readonly { readonly pattern: RegExp; readonly failure: RuntimeFailure }[] = [
  { pattern: /no space left on device|disk quota exceeded|not enough space/i, failure: 'no-space' },
  {
    pattern: /port is already allocated|address already in use|is already in use by /i,
    failure: 'conflict',
  },
  {
    pattern:
      /no such image|manifest unknown|no matching manifest|manifest for .* not found|repository .*not found|pull access denied/i,
    failure: 'image-not-found',
  },
  {
    pattern: /unauthorized|authentication required|no basic auth credentials|denied: /i,
    failure: 'image-unauthorized',
  },
  {
    pattern:
      /dial tcp|no such host|lookup .* on |i\/o timeout|TLS handshake|x509:|network is unreachable|connection re(fused|set)|Client\.Timeout|server misbehaving|toomanyrequests|context deadline exceeded|\bEOF\b/i,
    failure: 'registry-unreachable',
  },
  {
    pattern:
      /executable file not found|no such file or directory|OCI runtime|invalid (reference|mount|host)|bind source path/i,
    failure: 'invalid',
  },
];

/** What a layer says that a power cut has torn, or the disk below it. Docker cannot mend it: the layer's name is kept with the damage. */
const TORN_STORAGE =
  /\boverlay2?\/[0-9a-z]{26,}|creating overlay mount|layer does not exist|input\/output error|structure needs cleaning/i;
const TORN_STORAGE_HINT =
  "the engine's storage is damaged: stop Docker, remove its data folder (/var/lib/docker), start it; images are then fetched and pods started anew";

const ONLY_OF_IMAGES = new Set<RuntimeFailure>(['image-unauthorized', 'registry-unreachable']);

/** The kind of a fault. Registries speak only through `pull`, so their kinds are given to no other operation. */
export function dockerFailure(fault: DockerFault): RuntimeFailure {
  if (fault.statusCode === undefined && fault.errorCode !== undefined) return 'unreachable';
  if (fault.statusCode === 502 || fault.statusCode === 503) return 'unreachable';
  const sentence = SENTENCES.find(
    ({ pattern, failure }) =>
      pattern.test(fault.message) && (fault.operation === 'pull' || !ONLY_OF_IMAGES.has(failure)),
  );
  if (sentence) return sentence.failure;
  if (fault.statusCode === 404) return fault.operation === 'pull' ? 'image-not-found' : 'not-found';
  if (fault.statusCode === 409) return 'conflict';
  if (fault.statusCode === 400) return 'invalid';
  return 'other';
}

/** What to tell a user whose engine does not answer. */
export function unreachableMessage(errorCode: string | undefined, socketPath: string): string {
  switch (errorCode) {
    case 'ENOENT':
      return `no container engine at ${socketPath}: install Docker (apt-get install docker.io) or start it (systemctl start docker)`;
    case 'ECONNREFUSED':
      return `the container engine at ${socketPath} is not running: start it (systemctl start docker)`;
    case 'EACCES':
    case 'EPERM':
      return `no permission to use ${socketPath}: run the agent as root, or put its user into the group docker`;
    case 'ETIMEDOUT':
      return `the container engine at ${socketPath} does not answer: if this lasts, restart it (systemctl restart docker)`;
    default:
      return `the connection to the container engine at ${socketPath} broke (${errorCode ?? 'no answer'})`;
  }
}

/** Any error of a call as RuntimeError; one that is already is left as it is. */
export function toRuntimeError(operation: string, error: unknown, socketPath: string): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const fault = { operation, ...readFault(error) };
  const failure = dockerFailure(fault);
  return new RuntimeError(operation, failure, messageOf(fault, failure, socketPath), { cause: error });
}

function messageOf(fault: DockerFault, failure: RuntimeFailure, socketPath: string): string {
  if (failure === 'unreachable') return unreachableMessage(fault.errorCode, socketPath);
  return TORN_STORAGE.test(fault.message) ? `${fault.message}; ${TORN_STORAGE_HINT}` : fault.message;
}

/** dockerode's errors carry `statusCode` and Docker's answer as `json`; those of the socket a `code`. */
function readFault(error: unknown): Omit<DockerFault, 'operation'> {
  if (!(error instanceof Error)) return { message: String(error) };
  const statusCode =
    'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  const code = errorCode(error) ?? '';
  // Codes of the system, and Node's for a stream cut short; its other ERR_ codes tell of bad arguments.
  const isOfSystem = /^E[A-Z0-9]+$|^ERR_STREAM_PREMATURE_CLOSE$/.test(code);
  return { message: dockerMessage(error), statusCode, errorCode: isOfSystem ? code : undefined };
}

function dockerMessage(error: Error): string {
  const answer: unknown = 'json' in error ? error.json : undefined;
  if (typeof answer === 'object' && answer !== null && 'message' in answer) return String(answer.message);
  return error.message.replace(/^\(HTTP code \d+\) [^-]*- /, '').trim();
}
