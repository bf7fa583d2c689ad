/**
 * The MQTT broker for devices: who may connect, and what each may say and hear. It owns connections and knows nothing of
 * what messages mean. Nothing is kept on disk: whoever connects is told everything again.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type AuthenticateError, type Client } from 'aedes';
import type { Logger } from 'pino';
import { assertNever } from '../../shared/assert-never.ts';
import type { Clock } from '../../shared/clock.ts';
import { MAX_PAYLOAD_BYTES } from '../../shared/protocol/limits.ts';
import { type NodeTopic, parseNodeTopic, topics } from '../../shared/protocol/topics.ts';
import { guardConnection } from './guarded-connection.ts';
import * as limits from './limits.ts';
import {
  type ConnectRequest,
  claimedPeer,
  mayPeerPublish,
  mayPeerSubscribe,
  type NodePeer,
  type Peer,
} from './peer.ts';
import { createRefusalLog } from './refusals.ts';

/** Where devices connect. TLS and WebSocket become kinds of their own here. */
export type Transport = { readonly kind: 'tcp'; readonly host: string; readonly port: number };

export type BrokerOptions = {
  readonly listen: readonly Transport[];
  /** True when this is the password of that node, now. */
  readonly verifyNode: (node: string, password: string) => boolean;
  readonly verifyJoinToken: (
    token: string,
  ) => { readonly ok: true } | { readonly ok: false; readonly reason: string };
  readonly clock: Clock;
  readonly logger: Logger;
};

/** Called synchronously and in order; a callback only takes note. */
export type BrokerListener = {
  readonly connected: (peer: NodePeer) => void;
  /** Bytes came in, be it part of a packet: whoever sent them lives. */
  readonly activity: (peer: NodePeer) => void;
  /** One message; the will too, which comes after `gone` or before it. */
  readonly message: (peer: NodePeer, topic: NodeTopic, payload: Buffer) => void;
  readonly gone: (peer: NodePeer) => void;
  readonly joinRequest: (clientId: string, payload: Buffer) => void;
};

export interface Broker {
  /** Where it listens, in the order of `listen`, with the ports that the system chose. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /**
   * Hands a message to whoever may hear it; resolves when it is on its way, or when nobody is there. The broker keeps a
   * retained one. No proof of arrival. Throws RangeError for a payload above MAX_PAYLOAD_BYTES.
   */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options: { readonly qos: 0 | 1; readonly retain: boolean },
  ): Promise<void>;
  /** From now on this connection alone hears what is published for the node; undefined: none does. */
  serve(node: string, connection: string | undefined): void;
  /** The returned function unsubscribes. */
  listen(listener: BrokerListener): () => void;
  /** Closes every connection of a node, or only the named one. */
  disconnect(node: string, connection?: string): void;
  /** Resolves when, after the abort, every connection is closed. */
  readonly closed: Promise<void>;
}

type Connection = {
  readonly name: string;
  readonly address: string;
  readonly stream: Duplex;
  client?: Client;
  request?: ConnectRequest;
  /** Set once its password was checked. */
  peer?: Peer;
};

/** Starts listening; `signal` stops it. Throws when a port cannot be had. */
export async function startBroker(options: BrokerOptions, signal: AbortSignal): Promise<Broker> {
  const { clock, logger } = options;
  const connections = new Map<string, Connection>();
  const ofClient = new WeakMap<object, Connection>();
  /** Nobody in here has a peer; the oldest comes first. */
  const pending = new Set<Connection>();
  const served = new Map<string, string>();
  const listeners = new Set<BrokerListener>();
  const tellRefusal = createRefusalLog(clock, refusal => logger.warn(refusal, 'connection refused'));
  let connectionCount = 0;

  const aedes = await Aedes.createBroker({
    concurrency: limits.MAX_DELIVERIES,
    connectTimeout: limits.CONNECT_TIMEOUT_MS,
    keepaliveLimit: limits.MAX_KEEPALIVE_SECONDS,
    drainTimeout: limits.DRAIN_TIMEOUT_MS,
    queueLimit: limits.MAX_EARLY_PACKETS,
    preConnect(client, packet, done) {
      const connection = ofClient.get(client);
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
      const connection = ofClient.get(client);
      const verdict =
        connection === undefined ? undefined : judge(connection, password?.toString('utf8') ?? '');
      if (connection === undefined || verdict === undefined)
        return done(refusal('connection is closed'), false);
      if (!verdict.ok) {
        const user = (connection.request?.username ?? '').slice(0, 64);
        tellRefusal({ user, reason: verdict.reason, address: connection.address });
        return done(refusal(verdict.reason), false);
      }
      const { peer } = verdict;
      // Client ids are the clients' own choice: only within one user may one take the place of another [MQTT-3.1.4-2].
      const id = peer.kind === 'node' ? `${peer.node}/${peer.connection}` : `join/${peer.clientId}`;
      Object.assign(client, { id });
      connection.peer = peer;
      pending.delete(connection);
      endOldestBeyond(spareConnectionsOf(peer), limits.MAX_CONNECTIONS_PER_NODE);
      done(null, true);
    },
    authorizePublish(client, packet, done) {
      const peer = client === null ? undefined : ofClient.get(client)?.peer;
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
      const peer = ofClient.get(client)?.peer;
      const isAllowed = peer !== undefined && mayPeerSubscribe(peer, subscription.topic);
      done(null, isAllowed ? subscription : null); // null: refused in the SUBACK [MQTT-3.9.3-2]
    },
    authorizeForward(client, packet) {
      const peer = ofClient.get(client)?.peer;
      if (peer === undefined) return null;
      if (peer.kind === 'join') return packet.topic === topics.joinAnswer(peer.clientId) ? packet : null;
      return served.get(peer.node) === peer.connection ? packet : null;
    },
    published(packet, client, done) {
      const peer = client === null ? undefined : ofClient.get(client)?.peer;
      if (peer !== undefined) tellMessage(peer, packet.topic, asBuffer(packet.payload));
      done();
    },
  });
  // Not `clientReady`: what the client says right after its CONNACK may come before that.
  aedes.on('client', client => {
    const connection = ofClient.get(client);
    if (connection?.peer?.kind !== 'node' || connection.stream.destroyed) return;
    for (const listener of listeners) listener.connected(connection.peer);
  });
  aedes.on('clientDisconnect', client => {
    const peer = ofClient.get(client)?.peer;
    if (peer?.kind === 'node') for (const listener of listeners) listener.gone(peer);
  });
  for (const event of ['clientError', 'connectionError'] as const) {
    aedes.on(event, (client, err) =>
      logger.debug({ client: client.id, err }, 'connection ended by an error'),
    );
  }

  function judge(connection: Connection, password: string) {
    const { request } = connection;
    if (request === undefined) return undefined;
    const claimed = claimedPeer(request, connection.name);
    if (!claimed.ok) return claimed;
    const { peer } = claimed;
    const verdict =
      peer.kind === 'join'
        ? options.verifyJoinToken(password)
        : options.verifyNode(peer.node, password)
          ? { ok: true as const }
          : { ok: false as const, reason: 'wrong password, or the node was deleted' };
    if (verdict.ok) return claimed;
    return {
      ok: false as const,
      reason: peer.kind === 'join' ? `join token is ${verdict.reason}` : verdict.reason,
    };
  }

  function tellMessage(peer: Peer, topic: string, payload: Buffer): void {
    if (peer.kind === 'join') {
      for (const listener of listeners) listener.joinRequest(peer.clientId, payload);
      return;
    }
    const parsed = parseNodeTopic(topic);
    if (parsed !== undefined) for (const listener of listeners) listener.message(peer, parsed, payload);
  }

  /** All but the one that is served: a second device must not push out the first. */
  function spareConnectionsOf(peer: Peer): Connection[] {
    if (peer.kind === 'join') return [];
    return [...connections.values()].filter(
      ({ peer: other, name }) =>
        other?.kind === 'node' && other.node === peer.node && name !== served.get(peer.node),
    );
  }

  function accept(socket: Socket): void {
    socket.setNoDelay(true);
    const name = `c${++connectionCount}`;
    const stream = guardConnection(socket, {
      maxPacketBytes: () =>
        connection.peer === undefined ? limits.MAX_CONNECT_BYTES : limits.MAX_PACKET_BYTES,
      onBytes() {
        const { peer } = connection;
        if (peer?.kind === 'node') for (const listener of listeners) listener.activity(peer);
      },
    });
    const connection: Connection = { name, stream, address: socket.remoteAddress ?? '' };
    stream.once('close', () => {
      connections.delete(name);
      pending.delete(connection);
    });
    connections.set(name, connection);
    pending.add(connection);
    connection.client = aedes.handle(stream);
    ofClient.set(connection.client, connection);
    endOldestBeyond([...pending], limits.MAX_PENDING_CONNECTIONS);
  }

  const servers: Server[] = [];
  const addresses: { host: string; port: number }[] = [];
  for (const transport of options.listen) {
    const server = await listenOn(transport, accept);
    servers.push(server);
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? transport.port) : transport.port;
    addresses.push({ host: transport.host, port });
    logger.info({ host: transport.host, port }, 'broker listens');
  }

  return {
    addresses,
    publish(topic, payload, { qos, retain }) {
      const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
      if (bytes.length > MAX_PAYLOAD_BYTES)
        return Promise.reject(new RangeError(`payload for ${topic} is too large`));
      return new Promise((resolve, reject) => {
        aedes.publish({ cmd: 'publish', topic, payload: bytes, qos, retain, dup: false }, error =>
          error ? reject(error) : resolve(),
        );
      });
    },
    serve(node, connection) {
      if (connection === undefined) served.delete(node);
      else served.set(node, connection);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    disconnect(node, connection) {
      for (const { peer, name, client } of [...connections.values()]) {
        if (peer?.kind !== 'node' || peer.node !== node) continue;
        if (connection === undefined || connection === name) client?.close();
      }
    },
    closed: closeOnAbort(signal, aedes, servers, connections),
  };
}

async function listenOn(transport: Transport, accept: (socket: Socket) => void): Promise<Server> {
  switch (transport.kind) {
    case 'tcp': {
      const server = createServer(accept);
      server.maxConnections = limits.MAX_CONNECTIONS;
      server.listen(transport.port, transport.host);
      try {
        await once(server, 'listening');
      } catch (cause) {
        throw new Error(`cannot listen for devices on ${transport.host}:${transport.port}`, { cause });
      }
      return server;
    }
    default:
      return assertNever(transport.kind, 'transport');
  }
}

async function closeOnAbort(
  signal: AbortSignal,
  aedes: Aedes,
  servers: readonly Server[],
  connections: ReadonlyMap<string, Connection>,
): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
  const closed = servers.map(server => once(server, 'close'));
  for (const server of servers) server.close();
  await new Promise<void>(resolve => aedes.close(resolve));
  for (const { stream } of [...connections.values()]) stream.destroy();
  await Promise.all(closed);
}

function endOldestBeyond(connections: readonly Connection[], limit: number): void {
  for (const { stream } of connections.slice(0, Math.max(0, connections.length - limit))) stream.destroy();
}

/** MQTT says only "not authorized" (5) to the client; the reason goes to the log. */
function refusal(reason: string): AuthenticateError {
  return Object.assign(new Error(reason), { returnCode: 5 });
}

function asBuffer(payload: string | Buffer): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}
