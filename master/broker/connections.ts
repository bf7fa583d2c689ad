/** Every connection of the broker: whose it is, and which must make room. */
import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import { MAX_CONNECTIONS_PER_NODE, MAX_PENDING_CONNECTIONS } from './limits.ts';
import type { ConnectRequest, Peer } from './peer.ts';

export type Connection = {
  readonly name: string;
  readonly address: string;
  readonly stream: Duplex;
  client?: Client;
  /** What its CONNECT said. */
  request?: ConnectRequest;
  /** Set once its password was checked. */
  peer?: Peer;
};

export class Connections {
  private readonly byName = new Map<string, Connection>();
  private readonly byClient = new WeakMap<object, Connection>();
  /** Nobody in here has a peer; the oldest comes first. */
  private readonly pending = new Set<Connection>();

  /** Takes it in until it closes. It may end the oldest one that has not proved who it is. */
  add(connection: Connection, client: Client): void {
    connection.client = client;
    this.byName.set(connection.name, connection);
    this.byClient.set(client, connection);
    this.pending.add(connection);
    connection.stream.once('close', () => {
      this.byName.delete(connection.name);
      this.pending.delete(connection);
    });
    endOldestBeyond([...this.pending], MAX_PENDING_CONNECTIONS);
  }

  /** Notes who it is. It may end the oldest one of the same node, but never `served`: nobody must push that out. */
  admit(connection: Connection, peer: Peer, served: string | undefined): void {
    connection.peer = peer;
    this.pending.delete(connection);
    if (peer.kind === 'join') return;
    const spare = this.ofNode(peer.node).filter(({ name }) => name !== served);
    endOldestBeyond(spare, MAX_CONNECTIONS_PER_NODE);
  }

  /** Also for a client whose connection has closed. */
  of(client: Client | null): Connection | undefined {
    return client === null ? undefined : this.byClient.get(client);
  }

  ofNode(node: string): Connection[] {
    return this.all().filter(({ peer }) => peer?.kind === 'node' && peer.node === node);
  }

  /** Oldest first. */
  all(): Connection[] {
    return [...this.byName.values()];
  }
}

function endOldestBeyond(connections: readonly Connection[], limit: number): void {
  for (const { stream } of connections.slice(0, Math.max(0, connections.length - limit))) stream.destroy();
}
