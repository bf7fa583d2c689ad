/**
 * The MQTT broker for devices: who may connect, and what each may say and hear. It owns connections and knows nothing of
 * what messages mean. Nothing is kept on disk: whoever connects is told everything again.
 */
import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { Aedes } from 'aedes';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import { MAX_PAYLOAD_BYTES } from '../../shared/protocol/limits.ts';
import { type NodeTopic, parseNodeTopic } from '../../shared/protocol/topics.ts';
import { type Connection, Connections } from './connections.ts';
import { type DeviceRulesDeps, deviceRules } from './device-rules.ts';
import { guardConnection } from './guarded-connection.ts';
import * as limits from './limits.ts';
import type { NodePeer, Peer } from './peer.ts';
import { createRefusalLog } from './refusals.ts';
import { listenOn, portOf, type Transport } from './transport.ts';

export type BrokerOptions = {
  readonly listen: readonly Transport[];
  /** True when this is the password of that node, now. */
  readonly verifyNode: DeviceRulesDeps['verifyNode'];
  readonly verifyJoinToken: DeviceRulesDeps['verifyJoinToken'];
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

/** Starts listening; `signal` stops it. Throws when a port cannot be had. */
export async function startBroker(options: BrokerOptions, signal: AbortSignal): Promise<Broker> {
  const { clock, logger, verifyNode, verifyJoinToken } = options;
  const connections = new Connections();
  const served = new Map<string, string>();
  const listeners = new Set<BrokerListener>();
  const aedes = await Aedes.createBroker({
    concurrency: limits.MAX_DELIVERIES,
    connectTimeout: limits.CONNECT_TIMEOUT_MS,
    keepaliveLimit: limits.MAX_KEEPALIVE_SECONDS,
    drainTimeout: limits.DRAIN_TIMEOUT_MS,
    queueLimit: limits.MAX_EARLY_PACKETS,
    ...deviceRules({
      connections,
      served,
      verifyNode,
      verifyJoinToken,
      tellRefusal: createRefusalLog(clock, refusal => logger.warn(refusal, 'connection refused')),
      tellMessage: (peer, topic, payload) => tellMessage(listeners, peer, topic, payload),
    }),
  });
  tellComingAndGoing(aedes, { connections, listeners, logger });

  let count = 0;
  const accept = (socket: Socket) => {
    socket.setNoDelay(true);
    const stream = guardConnection(socket, {
      maxPacketBytes: () => (connection.peer ? limits.MAX_PACKET_BYTES : limits.MAX_CONNECT_BYTES),
      onBytes() {
        const { peer } = connection;
        if (peer?.kind === 'node') for (const listener of listeners) listener.activity(peer);
      },
    });
    const connection: Connection = { name: `c${++count}`, stream, address: socket.remoteAddress ?? '' };
    connections.add(connection, aedes.handle(stream));
  };
  const servers: Server[] = [];
  for (const transport of options.listen) servers.push(await listenOn(transport, accept));
  const addresses = servers.map((server, index) => ({
    host: options.listen[index]?.host ?? '',
    port: portOf(server),
  }));
  logger.info({ addresses }, 'broker listens');

  return {
    addresses,
    publish: (topic, payload, { qos, retain }) => publish(aedes, { topic, payload, qos, retain }),
    serve(node, connection) {
      if (connection === undefined) served.delete(node);
      else served.set(node, connection);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    disconnect(node, connection) {
      for (const { name, client } of connections.ofNode(node)) {
        if (connection === undefined || connection === name) client?.close();
      }
    },
    closed: closeOnAbort(signal, { aedes, servers, connections }),
  };
}

function tellMessage(
  listeners: ReadonlySet<BrokerListener>,
  peer: Peer,
  topic: string,
  payload: Buffer,
): void {
  if (peer.kind === 'join') {
    for (const listener of listeners) listener.joinRequest(peer.clientId, payload);
    return;
  }
  const parsed = parseNodeTopic(topic);
  if (parsed !== undefined) for (const listener of listeners) listener.message(peer, parsed, payload);
}

function tellComingAndGoing(
  aedes: Aedes,
  deps: {
    readonly connections: Connections;
    readonly listeners: ReadonlySet<BrokerListener>;
    readonly logger: Logger;
  },
): void {
  const { connections, listeners, logger } = deps;
  // Not `clientReady`: what the client says right after its CONNACK may come before that.
  aedes.on('client', client => {
    const connection = connections.of(client);
    if (connection?.peer?.kind !== 'node' || connection.stream.destroyed) return;
    for (const listener of listeners) listener.connected(connection.peer);
  });
  aedes.on('clientDisconnect', client => {
    const peer = connections.of(client)?.peer;
    if (peer?.kind === 'node') for (const listener of listeners) listener.gone(peer);
  });
  for (const event of ['clientError', 'connectionError'] as const) {
    aedes.on(event, (client, err) =>
      logger.debug({ client: client.id, err }, 'connection ended by an error'),
    );
  }
}

type Outgoing = {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
};

function publish(aedes: Aedes, { topic, payload, qos, retain }: Outgoing): Promise<void> {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    return Promise.reject(new RangeError(`payload for ${topic} is too large`));
  }
  return new Promise((resolve, reject) => {
    aedes.publish({ cmd: 'publish', topic, payload: bytes, qos, retain, dup: false }, error =>
      error ? reject(error) : resolve(),
    );
  });
}

async function closeOnAbort(
  signal: AbortSignal,
  parts: { readonly aedes: Aedes; readonly servers: readonly Server[]; readonly connections: Connections },
): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
  const closed = parts.servers.map(server => once(server, 'close'));
  for (const server of parts.servers) server.close();
  await new Promise<void>(resolve => parts.aedes.close(resolve));
  for (const { stream } of parts.connections.all()) stream.destroy();
  await Promise.all(closed);
}
