/** The HTTP edge: TLS, who asks, and what for. It holds no business rule. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { authenticate, type CertificateSubject } from '../auth/authenticate.ts';
import { Authorizer } from '../auth/authorize.ts';
import type { Identity } from '../auth/identity.ts';
import { impersonated } from '../auth/impersonate.ts';
import { CallCount } from './call-count.ts';
import { Exchange, type HttpRequest, type HttpResponse } from './exchange.ts';
import { CLOSE_WITHIN_MS, HEADERS_TIMEOUT_MS } from './limits.ts';
import { OpenApiDocuments } from './openapi/openapi-documents.ts';
import { RequestCount } from './prometheus/request-count.ts';
import { type RouteDeps, route } from './route.ts';
import { bearerOffers } from './streams/bearer-protocol.ts';
import { StreamCount } from './streams/serve.ts';
import type { Upgrade } from './streams/upgrade.ts';
import { WatchCount } from './watch.ts';

export type ApiServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly certPem: string;
  readonly keyPem: string;
  readonly caPem: string;
};

export type ApiServerDeps = Omit<
  RouteDeps,
  'calls' | 'watches' | 'requests' | 'streams' | 'openApi' | 'authorizer'
>;

/** Listens until the signal aborts; then ends every watch and closes. Rejects when the port cannot be had. */
export async function startApiServer(
  deps: ApiServerDeps,
  { host, port, certPem, keyPem, caPem }: ApiServerOptions,
  signal: AbortSignal,
): Promise<{ port: number; closed: Promise<void> }> {
  const routeDeps: RouteDeps = {
    ...deps,
    authorizer: new Authorizer(deps.cache),
    calls: new CallCount(),
    watches: new WatchCount(),
    requests: new RequestCount(),
    streams: new StreamCount(),
    openApi: new OpenApiDocuments(() => deps.kinds.served()),
  };
  const server = createSecureServer({
    cert: certPem,
    key: keyPem,
    ca: caPem,
    allowHTTP1: true,
    // Asked for, not demanded: a browser has none, and then a token must do.
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: HEADERS_TIMEOUT_MS,
  });
  const serve = (request: HttpRequest, response: HttpResponse, upgrade?: Upgrade) => {
    answer(routeDeps, request, response, signal, upgrade).catch((error: unknown) => {
      // Even the answer that something failed could not be sent: the client is gone.
      deps.logger.debug({ err: error }, 'answer not sent');
      response.destroy();
    });
  };
  server.on('request', (request: HttpRequest, response: HttpResponse) => serve(request, response));
  // Every request with an Upgrade header comes here: one that is not granted is answered as if it had none, and is the last.
  server.on('upgrade', (request: IncomingMessage, socket: TLSSocket, head: Buffer) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.destroySoon());
    serve(request, response, { request, socket, head });
  });
  // A client that breaks off its handshake or stream is no event of ours; the listener keeps Node from ending the process.
  server.on('tlsClientError', (error: Error) => deps.logger.debug({ err: error }, 'TLS handshake failed'));
  server.on('clientError', (error: Error, socket: Duplex) => {
    deps.logger.debug({ err: error }, 'malformed HTTP');
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  server.on('sessionError', (error: Error) => deps.logger.debug({ err: error }, 'HTTP/2 session failed'));
  server.setTimeout(0);
  const connections = trackConnections(server);
  const sockets = trackSockets(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error: Error) => deps.logger.error({ err: error }, 'the API server failed'));
  const closed = new Promise<void>(resolve => {
    const close = () => {
      const cancel = deps.clock.after(CLOSE_WITHIN_MS, () => {
        for (const connection of connections) connection.destroy();
      });
      server.close(() => {
        cancel();
        resolve();
      });
      for (const socket of sockets) socket.destroySoon();
    };
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true });
  });
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : port, closed };
}

/** Every connection, be it one that never gets as far as TLS. */
function trackConnections(server: Http2SecureServer): Set<Socket> {
  const connections = new Set<Socket>();
  server.on('connection', (connection: Socket) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  });
  return connections;
}

function trackSockets(server: Http2SecureServer): Set<TLSSocket> {
  const sockets = new Set<TLSSocket>();
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, HEADERS_TIMEOUT_MS);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => sockets.delete(socket));
  });
  return sockets;
}

async function answer(
  deps: RouteDeps,
  request: HttpRequest,
  response: HttpResponse,
  signal: AbortSignal,
  upgrade: Upgrade | undefined,
): Promise<void> {
  const url = parseUrl(request.url ?? '/');
  const exchange = new Exchange(request, response, url ?? new URL('https://pikelet/'), signal, upgrade);
  try {
    exchange.identity = identityOf(deps, request, upgrade);
    if (url === undefined) throw new ApiError('BadRequest', 'the request target is malformed');
    await route(deps, exchange);
  } catch (error) {
    if (exchange.signal.aborted) response.destroy();
    else sendError(deps, exchange, response, error);
  }
  if (exchange.counted !== undefined) deps.requests.add(exchange.counted, exchange.code);
}

function sendError(deps: RouteDeps, exchange: Exchange, response: HttpResponse, error: unknown): void {
  const refusal =
    error instanceof ApiError
      ? error
      : new ApiError('InternalError', 'an internal error occurred; see the master log', {}, { cause: error });
  if (refusal.reason === 'InternalError')
    deps.logger.error({ err: error, path: exchange.url.pathname }, 'request failed');
  // Too late for a Status: cutting the answer short is how HTTP says that it is not whole.
  if (exchange.isStarted) {
    response.destroy();
    exchange.upgrade?.socket.destroy();
    return;
  }
  if (refusal.reason === 'Unauthorized') response.setHeader('WWW-Authenticate', 'Bearer realm="pikelet"');
  if (refusal.details.retryAfterSeconds !== undefined)
    response.setHeader('Retry-After', String(refusal.details.retryAfterSeconds));
  exchange.sendJson(refusal.code, JSON.stringify(refusal.toStatus()));
}

function parseUrl(target: string): URL | undefined {
  return URL.canParse(target, 'https://pikelet') ? new URL(target, 'https://pikelet') : undefined;
}

type IdentityDeps = Pick<RouteDeps, 'cache' | 'tokens' | 'authorizer'>;

/** Who a request acts as. Throws ApiError Unauthorized, and Forbidden for an impersonation that is not allowed. */
function identityOf(
  { cache, tokens, authorizer }: IdentityDeps,
  request: Pick<HttpRequest, 'headers' | 'rawHeaders' | 'socket'>,
  upgrade: Upgrade | undefined,
): Identity {
  const certificateSubject = provenSubject(request.socket);
  const offered = upgrade === undefined ? undefined : takeBearerOffer(upgrade);
  const authorization = request.headers.authorization ?? offered;
  const proven = authenticate({ view: cache, tokens }, { certificateSubject, authorization });
  if (proven === undefined) throw new ApiError('Unauthorized', 'Unauthorized');
  return impersonated(authorizer, proven, request.rawHeaders);
}

/** Takes the token out of a WebSocket's subprotocols: it must not be answered with. */
function takeBearerOffer({ request: { headers } }: Upgrade): string | undefined {
  const { token, others } = bearerOffers(headers);
  if (token === undefined) return undefined;
  headers['sec-websocket-protocol'] = others.join(', ');
  return `Bearer ${token}`;
}

/** The subject of the client's certificate, if the handshake proved it. On HTTP/2 the socket is a proxy of the TLS socket. */
function provenSubject(socket: unknown): CertificateSubject | undefined {
  if (!isTls(socket) || !socket.authorized) return undefined;
  const known = subjects.get(socket);
  if (known !== undefined) return known;
  // Decoding a certificate takes longer than all the rest of a small request.
  const subject = socket.getPeerCertificate()?.subject;
  if (subject !== undefined) subjects.set(socket, subject);
  return subject;
}

/** What a connection has proved; it holds as long as the connection. */
const subjects = new WeakMap<TLSSocket, CertificateSubject>();

function isTls(socket: unknown): socket is TLSSocket {
  return (
    typeof socket === 'object' && socket !== null && 'getPeerCertificate' in socket && 'authorized' in socket
  );
}
