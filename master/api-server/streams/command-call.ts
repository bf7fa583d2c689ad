/** What an exec, attach or port-forward asks of a pod, from its query. Pure. */

import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import type { Pod } from '../../../shared/kubernetes/objects.ts';
import { allContainerStatuses, allContainers } from '../../../shared/kubernetes/pod-containers.ts';
import type { StreamCall } from '../../../shared/protocol/messages.ts';
import { isFlagSet } from '../query-flag.ts';
import { MAX_COMMAND_BYTES, MAX_COMMAND_WORDS, MAX_FORWARDED_PORTS } from './limits.ts';

export type CommandCall = Extract<StreamCall, { kind: 'exec' | 'attach' }>;

/** Throws ApiError: BadRequest for a query that asks for nothing that can be, NotFound while the container does not run. */
export function commandCall(kind: 'exec' | 'attach', pod: Pod, query: URLSearchParams): CommandCall {
  const container = containerOf(pod, query.get('container') ?? '');
  requireRunning(kind, pod, container);
  const flag = (name: string) => isFlagSet(query, name);
  const tty = flag('tty');
  const streams = { stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr') && !tty, tty };
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw new ApiError('BadRequest', 'you must specify at least 1 of stdin, stdout, stderr');
  const common = { podUid: pod.metadata.uid, container, ...streams };
  return kind === 'attach' ? { kind, ...common } : { kind, ...common, command: commandOf(query) };
}

function commandOf(query: URLSearchParams): string[] {
  const command = query.getAll('command');
  if (command.length === 0)
    throw new ApiError('BadRequest', 'you must specify at least one command for the container');
  const bytes = command.reduce((sum, word) => sum + Buffer.byteLength(word), 0);
  if (command.length > MAX_COMMAND_WORDS || bytes > MAX_COMMAND_BYTES)
    throw new ApiError('BadRequest', `the command is too long: limit is ${MAX_COMMAND_BYTES} bytes`);
  return command;
}

/** The container asked for, or the only one. Words are kube-apiserver's. */
function containerOf({ metadata, spec }: Pod, wanted: string): string {
  const names = spec.containers.map(container => container.name);
  const initNames = (spec.initContainers ?? []).map(container => container.name);
  if (wanted !== '') {
    if (allContainers(spec).some(({ name }) => name === wanted)) return wanted;
    throw new ApiError('BadRequest', `container ${wanted} is not valid for pod ${metadata.name}`);
  }
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  const others = initNames.length === 0 ? '' : ` or one of the init containers: [${initNames.join(' ')}]`;
  throw new ApiError(
    'BadRequest',
    `a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]${others}`,
  );
}

function requireRunning(kind: 'exec' | 'attach', pod: Pod, container: string): void {
  requireNode(pod);
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') {
    const what = kind === 'exec' ? 'exec into' : 'attach to';
    throw new ApiError(
      'BadRequest',
      `cannot ${what} a container in a completed pod; current phase is ${phase}`,
    );
  }
  const status = allContainerStatuses(pod.status).find(({ name }) => name === container);
  if (status?.state?.running === undefined)
    throw new ApiError('NotFound', `container not found (${JSON.stringify(container)})`);
}

function requireNode({ metadata, spec }: Pod): void {
  if (!spec.nodeName) throw new ApiError('BadRequest', `pod ${metadata.name} does not have a host assigned`);
}

/** Throws ApiError BadRequest when nothing of the pod listens: it has no node yet, or does not run. */
export function requireForwardable(pod: Pod): void {
  requireNode(pod);
  const phase = pod.status?.phase ?? 'Pending';
  if (phase !== 'Running')
    throw new ApiError(
      'BadRequest',
      `unable to forward port because pod is not running. Current status=${phase}`,
    );
}

/** A port's number. Throws ApiError BadRequest. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new ApiError('BadRequest', `port ${JSON.stringify(text)} must be a number from 1 to 65535`);
}

/** The `ports` of a port-forward over channels, in their order. Throws ApiError BadRequest. */
export function portsOf(query: URLSearchParams): readonly number[] {
  const ports = query.getAll('ports').flatMap(value => value.split(',').map(parsePort));
  if (ports.length === 0) throw new ApiError('BadRequest', 'query parameter "ports" is required');
  if (ports.length > MAX_FORWARDED_PORTS)
    throw new ApiError('BadRequest', `too many ports: limit is ${MAX_FORWARDED_PORTS}`);
  return ports;
}
