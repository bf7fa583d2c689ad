/** The rules that aedes asks at every CONNECT, PUBLISH, SUBSCRIBE and delivery. */
import type { AedesOptions, AuthenticateError } from 'aedes';
import { MAX_PAYLOAD_BYTES } from '../../shared/protocol/limits.ts';
import { topics } from '../../shared/protocol/topics.ts';
import type { Connection, Connections } from './connections.ts';
import { claimedPeer, mayPeerPublish, mayPeerSubscribe, type Peer } from './peer.ts';
import type { Refusal } from './refusals.ts';

export type DeviceRulesDeps = {
  readonly connections: Connections;
  /** The one connection of each node that hears what is for the node. */
  readonly served: ReadonlyMap<string, string>;
  readonly verifyNode: (node: string, password: string) => boolean;
  readonly verifyJoinToken: (
    token: string,
  ) => { readonly ok: true } | { readonly ok: false; readonly reason: string };
  readonly tellRefusal: (refusal: Refusal) => void;
  readonly tellMessage: (peer: Peer, topic: string, payload: Buffer) => void;
};

type Hooks = Required<
  Pick<
    AedesOptions,
    | 'preConnect'
    | 'authenticate'
    | 'authorizePublish'
    | 'authorizeSubscribe'
    | 'authorizeForward'
    | 'published'
  >
>;

export function deviceRules(deps: DeviceRulesDeps): Hooks {
  const { connections, served } = deps;
  return {
    preConnect(client, packet, done) {
      const connection = connections.of(client);
      if (connection === undefined) return done(new Error('connection is closed'), false);
      const { will } = packet;
      connection.request = {
        clientId: packet.clientId,
        username: packet.username ?? '',
        ...(will && { will: { topic: will.topic, bytes: will.payload.length } }),
      };
      // A session kept for a client that is away would queue messages for it; devices are told everything anew instead.
      packet.clean = true;
      done(null, true);
    },
    authenticate(client, _username, password, done) {
      const connection = connections.of(client);
      if (connection?.request === undefined) return done(refusal('connection is closed'), false);
      const verdict = judge(deps, connection, password?.toString('utf8') ?? '');
      if (!verdict.ok) {
        const user = connection.request.username.slice(0, 64);
        deps.tellRefusal({ user, reason: verdict.reason, address: connection.address });
        return done(refusal(verdict.reason), false);
      }
      const { peer } = verdict;
      // Client ids are the clients' own choice: only within one user may one take the place of another [MQTT-3.1.4-2].
      const id = peer.kind === 'node' ? `${peer.node}/${peer.connection}` : `join/${peer.clientId}`;
      Object.assign(client, { id });
      connections.admit(connection, peer, peer.kind === 'node' ? served.get(peer.node) : undefined);
      done(null, true);
    },
    authorizePublish(client, packet, done) {
      const peer = connections.of(client)?.peer;
      if (peer === undefined || !mayPeerPublish(peer, packet.topic)) {
        return done(new Error('not allowed to publish there'));
      }
      if (packet.qos === 2) return done(new Error('QoS 2 is not spoken here'));
      if (packet.payload.length > MAX_PAYLOAD_BYTES) return done(new Error('payload is too large'));
      // Nobody but the master hears agents, and it keeps what it needs itself.
      packet.retain = false;
      done(null);
    },
    authorizeSubscribe(client, subscription, done) {
      const peer = connections.of(client)?.peer;
      const isAllowed = peer !== undefined && mayPeerSubscribe(peer, subscription.topic);
      done(null, isAllowed ? subscription : null); // null: refused in the SUBACK [MQTT-3.9.3-2]
    },
    authorizeForward(client, packet) {
      const peer = connections.of(client)?.peer;
      if (peer === undefined) return null;
      if (peer.kind === 'join') return packet.topic === topics.joinAnswer(peer.clientId) ? packet : null;
      return served.get(peer.node) === peer.connection ? packet : null;
    },
    published(packet, client, done) {
      const peer = connections.of(client)?.peer;
      if (peer !== undefined) deps.tellMessage(peer, packet.topic, asBuffer(packet.payload));
      done();
    },
  };
}

type Verdict = { readonly ok: true; readonly peer: Peer } | { readonly ok: false; readonly reason: string };

function judge(deps: DeviceRulesDeps, { name, request }: Connection, password: string): Verdict {
  if (request === undefined) return { ok: false, reason: 'nothing was asked' };
  const claimed = claimedPeer(request, name);
  if (!claimed.ok) return claimed;
  if (claimed.peer.kind === 'join') {
    const verdict = deps.verifyJoinToken(password);
    return verdict.ok ? claimed : { ok: false, reason: `join token is ${verdict.reason}` };
  }
  return deps.verifyNode(claimed.peer.node, password)
    ? claimed
    : { ok: false, reason: 'wrong password, or the node was deleted' };
}

/** MQTT says only "not authorized" (5) to the client; the reason goes to the log. */
function refusal(reason: string): AuthenticateError {
  return Object.assign(new Error(reason), { returnCode: 5 });
}

function asBuffer(payload: string | Buffer): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}
