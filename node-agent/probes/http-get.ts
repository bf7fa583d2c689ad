/** One GET as the kubelet makes it for probes and hooks: no certificate is checked, no connection kept, redirects stay on the host. */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { isIP } from 'node:net';
import type * as core from 'kubernetes-types/core/v1';
import { KUBERNETES_VERSION } from '../../shared/version.ts';
import { ANSWER_BYTES_MAX, REDIRECTS_MAX } from './limits.ts';
import { hostAndPort, portNumber } from './ports.ts';

export type HttpAnswer = {
  readonly url: string;
  readonly status: number;
  /** Cut off. */
  readonly body: string;
};

/** Where and with what headers. `host` is the pod's address, for an action that names none. Throws on a port that there is not. */
export function httpRequestOf(
  action: core.HTTPGetAction,
  target: {
    readonly host: string;
    readonly container: core.Container;
    readonly userAgent: 'probe' | 'lifecycle';
  },
): { readonly url: URL; readonly headers: Readonly<Record<string, readonly string[]>> } {
  const { scheme = 'HTTP', host, port, path = '/', httpHeaders = [] } = action;
  const place = hostAndPort(host || target.host, portNumber(port, target.container));
  const url = new URL(`${scheme.toLowerCase()}://${place}${path.startsWith('/') ? path : `/${path}`}`);
  const headers: Record<string, string[]> = {};
  for (const { name, value } of httpHeaders) {
    const key = name.toLowerCase();
    headers[key] = [...(headers[key] ?? []), value];
  }
  // An empty one means that none is to be sent.
  headers['user-agent'] ??= [
    `kube-${target.userAgent}/${KUBERNETES_VERSION.replace(/^v(\d+\.\d+).*/, '$1')}`,
  ];
  headers.accept ??= ['*/*'];
  for (const key of ['user-agent', 'accept']) if (headers[key]?.join('') === '') delete headers[key];
  return { url, headers };
}

/**
 * Asks, and follows redirects to the same host name. One to another host is the answer. Throws what the connection says, with a
 * message in the words of Kubernetes's clients; rejects with the signal's reason when aborted.
 */
export async function httpGet(
  { url, headers }: ReturnType<typeof httpRequestOf>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  let at = url;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    const answer = await askOnce(at, headers, signal);
    const next = redirectOf(answer.message, at);
    if (next === undefined || next.hostname !== url.hostname)
      return { url: at.href, status: answer.message.statusCode ?? 0, body: answer.body };
    at = next;
  }
  throw new Error(`Get "${at.href}": stopped after ${REDIRECTS_MAX} redirects`);
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function redirectOf({ statusCode = 0, headers: { location } }: IncomingMessage, base: URL): URL | undefined {
  if (!REDIRECTS.has(statusCode) || !location) return undefined;
  if (URL.canParse(location, base.href)) return new URL(location, base);
  throw new Error(`Get "${base.href}": failed to parse Location header "${location}"`);
}

async function askOnce(
  url: URL,
  headers: Readonly<Record<string, readonly string[]>>,
  signal: AbortSignal,
): Promise<{ readonly message: IncomingMessage; readonly body: string }> {
  const options: RequestOptions = { agent: false, signal, headers: mutable(headers) };
  try {
    const request = await open(url, options, headers.host?.[0]);
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).on('error', reject).end();
    });
    return { message, body: await readStart(message) };
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`Get "${url.href}": ${connectFault(error)}`, { cause: error });
  }
}

async function open(url: URL, options: RequestOptions, host: string | undefined): Promise<ClientRequest> {
  if (url.protocol === 'http:') return (await import('node:http')).request(url, options);
  const { request } = await import('node:https');
  const servername = (host ?? url.hostname).replace(/:\d+$/, '');
  return request(url, {
    ...options,
    rejectUnauthorized: false,
    // A server name may not be an address: RFC 6066, section 3.
    servername: isIP(servername.replace(/^\[(.*)\]$/, '$1')) === 0 ? servername : '',
  });
}

function mutable(headers: Readonly<Record<string, readonly string[]>>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [
      name,
      values.length === 1 ? (values[0] ?? '') : [...values],
    ]),
  );
}

async function readStart(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of message) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(pieces).subarray(0, ANSWER_BYTES_MAX).toString('utf8');
}

/** What went wrong with a connection, in the words of Go's net package. */
export function connectFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, address, port } = { code: '', address: '', port: 0, ...error };
  const words = FAULTS[code];
  if (words === undefined) return error.message;
  return address ? `dial tcp ${hostAndPort(address, port)}: ${words}` : words;
}

const FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  ECONNRESET: 'read: connection reset by peer',
};
