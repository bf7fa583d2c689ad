/** Who is at the other end of a connection, and what that one may do. Pure. */
import { mayPublish, maySubscribe, topics } from '../../shared/protocol/topics.ts';
import { MAX_WILL_BYTES } from './limits.ts';

/** `connection` names one connection of this broker's life; a device that connects again gets another. */
export type NodePeer = { readonly kind: 'node'; readonly node: string; readonly connection: string };
export type JoinPeer = { readonly kind: 'join'; readonly clientId: string; readonly connection: string };
export type Peer = NodePeer | JoinPeer;

/** What a CONNECT says, as far as it matters. */
export type ConnectRequest = {
  readonly clientId: string;
  readonly username: string;
  readonly will?: { readonly topic: string; readonly bytes: number };
};

/** A client id becomes a topic level when its owner wants to join. */
const JOIN_CLIENT_ID = /^[A-Za-z0-9_-]{1,64}$/;
const NODE_USER = /^node:([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)$/;

/** Who the request claims to be; its password is still to be checked. A reason when nobody may connect like this. */
export function claimedPeer(
  request: ConnectRequest,
  connection: string,
): { readonly ok: true; readonly peer: Peer } | { readonly ok: false; readonly reason: string } {
  if (request.username === 'join') {
    if (!JOIN_CLIENT_ID.test(request.clientId))
      return { ok: false, reason: 'client id is not fit for joining' };
    if (request.will !== undefined) return { ok: false, reason: 'a joining device may not have a will' };
    return { ok: true, peer: { kind: 'join', clientId: request.clientId, connection } };
  }
  const node = NODE_USER.exec(request.username)?.[1];
  if (node === undefined) return { ok: false, reason: 'unknown user' };
  if (request.will !== undefined) {
    if (request.will.topic !== topics.session(node)) return { ok: false, reason: 'will on a foreign topic' };
    if (request.will.bytes > MAX_WILL_BYTES) return { ok: false, reason: 'will is too large' };
  }
  return { ok: true, peer: { kind: 'node', node, connection } };
}

export function mayPeerPublish(peer: Peer, topic: string): boolean {
  return peer.kind === 'node' ? mayPublish(peer.node, topic) : topic === topics.joinRequest(peer.clientId);
}

export function mayPeerSubscribe(peer: Peer, filter: string): boolean {
  return peer.kind === 'node' ? maySubscribe(peer.node, filter) : filter === topics.joinAnswer(peer.clientId);
}
