/** The proxy subresource: an HTTP request passed on to a port of a pod, and its answer passed back. */
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect as connectTls } from 'node:tls';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import type { ObjectRef } from '../../../shared/kubernetes/objects.ts';
import type { Exchange } from '../exchange.ts';
import { STREAM_IDLE_MS } from './limits.ts';
import { nodeSocket } from './node-socket.ts';
import { type ProxyTarget, proxyTarget } from './proxy-target.ts';
import { openOn, type StreamDeps } from './serve.ts';
import type { Upgrade } from './upgrade.ts';

/** Passes on everything below `…/proxy`. Throws ApiError while nothing has been answered. */
export async function serveProxy(
  deps: StreamDeps,
  exchange: Exchange,
  kind: 'Pod' | 'Service',
  ref: ObjectRef,
): Promise<void> {
  const { pathname, search } = exchange.url;
  const [base = '', path] = splitAtProxy(pathname);
  // As Kubernetes: relative links of a page need the slash.
  if (path === '') return exchange.send(301, 'text/plain', '', { Location: `${base}/${search}` });
  const target = proxyTarget(deps.cache, kind, ref);
  const leave = deps.streams.enter();
  try {
    const outgoing = openRequest(deps, exchange, target, { base, path: `${path}${search}` });
    if (exchange.upgrade === undefined) await passOn(exchange, outgoing, base);
    else await passUpgrade(exchange, exchange.upgrade, outgoing, base);
  } finally {
    leave();
  }
}

/** The path up to and with `/proxy`, as it came, and what follows it. */
function splitAtProxy(pathname: string): readonly [string, string] {
  const match = /^(\/api\/v1\/namespaces\/[^/]+\/[^/]+\/[^/]+\/proxy)(.*)$/.exec(pathname);
  return [match?.[1] ?? pathname, match?.[2] ?? ''];
}

function openRequest(
  deps: StreamDeps,
  exchange: Exchange,
  { pod, port, scheme }: ProxyTarget,
  { base, path }: { readonly base: string; readonly path: string },
): ClientRequest {
  const call = { kind: 'portForward' as const, podUid: pod.metadata.uid, port };
  const socket = nodeSocket(openOn(deps, exchange, pod, call));
  return httpRequest({
    method: exchange.method,
    path,
    headers: forwardedHeaders(exchange, base, path),
    setHost: false,
    // A pod's certificate is nobody's to check: the way to it is the cluster's own. As kube-apiserver's.
    createConnection: () =>
      scheme === 'https'
        ? connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
        : socket,
  });
}

/** Of one connection only. [RFC 9110 7.6.1] */
const HOP_BY_HOP =
  /^(connection|keep-alive|proxy-connection|proxy-authenticate|proxy-authorization|te|trailer|transfer-encoding|upgrade|http2-settings)$/;
/** Who asks the API, which is none of the pod's business. */
const CREDENTIAL = /^(authorization|impersonate-.*)$/;

function forwardedHeaders(exchange: Exchange, base: string, path: string): Record<string, string | string[]> {
  const headers = passedHeaders(exchange.request.headers, CREDENTIAL);
  const host = exchange.header(':authority') ?? exchange.header('host') ?? 'pikelet';
  const { remoteAddress } = exchange.request.socket;
  const before = exchange.header('x-forwarded-for');
  const upgrade = exchange.upgrade?.request.headers.upgrade;
  return {
    ...headers,
    host,
    ...(upgrade === undefined ? { connection: 'close' } : { connection: 'Upgrade', upgrade }),
    'x-forwarded-for': [before, remoteAddress].filter(Boolean).join(', '),
    'x-forwarded-host': host,
    'x-forwarded-proto': 'https',
    'x-forwarded-uri': `${base}${path}`,
  };
}

/** What goes on from one connection to the next. */
function passedHeaders(headers: IncomingHttpHeaders, also?: RegExp): Record<string, string | string[]> {
  const named = (headers.connection ?? '').toLowerCase().split(/\s*,\s*/);
  const passed = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ||
    name.startsWith(':') ||
    HOP_BY_HOP.test(name) ||
    named.includes(name) ||
    also?.test(name)
      ? []
      : [[name, value] as const],
  );
  return Object.fromEntries(passed);
}

async function passOn(exchange: Exchange, outgoing: ClientRequest, base: string): Promise<void> {
  const answered = answerOf(outgoing);
  // A pod may answer before it has read everything; then the answer is what counts.
  const sent = pipeline(exchange.request, outgoing).catch(() => undefined);
  const answer = await answered;
  await sendAnswer(exchange, answer, base);
  await sent;
}

/** Throws ApiError ServiceUnavailable when nothing answers. */
function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', cause => reject(unreachable(cause)));
  });
}

function unreachable(cause: Error): ApiError {
  return new ApiError('ServiceUnavailable', `error trying to reach service: ${cause.message}`, {}, { cause });
}

async function sendAnswer(exchange: Exchange, answer: IncomingMessage, base: string): Promise<void> {
  const { response } = exchange;
  response.statusCode = answer.statusCode ?? 502;
  for (const [name, value] of Object.entries(passedHeaders(answer.headers))) response.setHeader(name, value);
  // A path of the pod's is one below this path.
  if (answer.headers.location?.startsWith('/'))
    response.setHeader('location', `${base}${answer.headers.location}`);
  try {
    await pipeline(answer, response);
  } catch (error) {
    // Cut short on one side, and so on the other: pipeline has destroyed both.
    if (!exchange.isStarted) throw error;
  }
}

/** Passes a granted upgrade on, byte for byte; a refusal is an answer as any other. */
async function passUpgrade(
  exchange: Exchange,
  upgrade: Upgrade,
  outgoing: ClientRequest,
  base: string,
): Promise<void> {
  let granted: { readonly socket: Duplex; readonly head: Buffer } | undefined;
  const upgraded = new Promise<IncomingMessage>(resolve =>
    outgoing.once('upgrade', (answer, socket, head) => {
      granted = { socket, head };
      resolve(answer);
    }),
  );
  outgoing.end();
  const answer = await Promise.race([upgraded, answerOf(outgoing)]);
  if (granted === undefined) return await sendAnswer(exchange, answer, base);
  exchange.handOver();
  const { socket, head } = granted;
  const lines = [`HTTP/1.1 101 ${answer.statusMessage}`];
  for (let at = 0; at < answer.rawHeaders.length; at += 2)
    lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}`);
  upgrade.socket.setTimeout(STREAM_IDLE_MS, () => upgrade.socket.destroy());
  upgrade.socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  upgrade.socket.write(head);
  if (upgrade.head.length > 0) upgrade.socket.unshift(upgrade.head);
  await joined(upgrade.socket, socket);
}

/** Carries bytes both ways until one side ends or breaks off, and the other with it: the end of a connection is no fault of ours. */
function joined(one: Duplex, other: Duplex): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      one.destroy();
      other.destroy();
      resolve();
    };
    for (const side of [one, other]) side.on('error', end).once('close', end);
    one.pipe(other).pipe(one);
  });
}
