/**
 * A browser's WebSocket cannot say Authorization: its token comes as a subprotocol, beside the one that is meant.
 * Source: k8s.io/apiserver, pkg/authentication/request/websocket.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import { offersOf } from './upgrade.ts';

const PREFIX = 'base64url.bearer.authorization.k8s.io.';

export type BearerOffers = {
  /** The token; undefined when none is offered. */
  readonly token: string | undefined;
  /** The other subprotocols, in order. */
  readonly others: readonly string[];
};

/** Throws ApiError Unauthorized for two tokens, one that is no base64url text, or one with nothing beside it to answer with. */
export function bearerOffers(headers: IncomingHttpHeaders): BearerOffers {
  const offers = offersOf(headers['sec-websocket-protocol']);
  const others = offers.filter(offer => !offer.startsWith(PREFIX));
  const [encoded, ...more] = offers.flatMap(offer =>
    others.includes(offer) ? [] : offer.slice(PREFIX.length),
  );
  if (encoded === undefined) return { token: undefined, others };
  if (more.length > 0 || others.length === 0 || !/^[\w-]+$/.test(encoded))
    throw new ApiError('Unauthorized', 'Unauthorized');
  return { token: Buffer.from(encoded, 'base64url').toString('utf8'), others };
}
