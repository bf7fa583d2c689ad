/** An HTTP/1.1 request to go on as something else: what it asks for, checked before it is granted. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';

/** What node:http hands over when a request has an Upgrade header. */
export type Upgrade = {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What the client sent behind its request. */
  readonly head: Buffer;
};

export type ProtocolChoice = {
  readonly transport: 'websocket' | 'spdy';
  /** One of those offered. */
  readonly protocol: string;
};

/** Subprotocols that a resource speaks, best first. */
export type Spoken = { readonly websocket: readonly string[]; readonly spdy: readonly string[] };

/** What both sides speak. Throws ApiError BadRequest for a request that asks for nothing we could grant. */
export function chooseProtocol(
  request: Pick<IncomingMessage, 'method' | 'headers'>,
  spoken: Spoken,
): ProtocolChoice {
  const wanted = request.headers.upgrade?.toLowerCase();
  if (wantsWebSocket(request)) {
    requireWebSocket(request);
    const offered = request.headers['sec-websocket-protocol'];
    return { transport: 'websocket', protocol: choose(offered, spoken.websocket) };
  }
  if (wanted === 'spdy/3.1') {
    const offered = request.headers['x-stream-protocol-version'];
    return {
      transport: 'spdy',
      protocol: choose(Array.isArray(offered) ? offered.join(',') : offered, spoken.spdy),
    };
  }
  throw new ApiError(
    'BadRequest',
    `unable to upgrade: ${JSON.stringify(wanted ?? '')} is not supported; use websocket or SPDY/3.1`,
  );
}

export function wantsWebSocket({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * For a WebSocket that need not name a subprotocol: undefined when it names none. Of those it does, the best of `spoken`, or the
 * first without. Throws ApiError BadRequest.
 */
export function chooseWebSocketProtocol(
  request: Pick<IncomingMessage, 'method' | 'headers'>,
  spoken?: readonly string[],
): string | undefined {
  requireWebSocket(request);
  const offered = request.headers['sec-websocket-protocol'];
  const offers = offersOf(offered);
  return offers.length === 0 ? undefined : choose(offered, spoken ?? offers);
}

/** [RFC 6455 4.2.1] */
function requireWebSocket({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): void {
  const fault =
    method !== 'GET'
      ? 'the method must be GET'
      : !/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')
        ? 'Sec-WebSocket-Key is missing or malformed'
        : headers['sec-websocket-version'] !== '13'
          ? 'Sec-WebSocket-Version must be 13'
          : undefined;
  if (fault !== undefined) throw new ApiError('BadRequest', `unable to upgrade: ${fault}`);
}

/** The names in a header that lists them. */
export function offersOf(header: string | undefined): string[] {
  return (header ?? '').split(',').flatMap(offer => offer.trim() || []);
}

function choose(offered: string | undefined, spoken: readonly string[]): string {
  const offers = offersOf(offered);
  const chosen = spoken.find(protocol => offers.includes(protocol));
  if (chosen !== undefined) return chosen;
  throw new ApiError(
    'BadRequest',
    `unable to negotiate protocol: client supports [${offers.join(' ')}], server accepts [${spoken.join(' ')}]`,
  );
}
