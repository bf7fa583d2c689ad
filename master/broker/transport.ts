/** Where devices connect. TLS and WebSocket become kinds of their own here. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { assertNever } from '../../shared/assert-never.ts';
import { MAX_CONNECTIONS } from './limits.ts';

/** Port 0: the system chooses. */
export type Transport = { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Resolves once it listens. Throws when the port cannot be had. */
export async function listenOn(transport: Transport, accept: (socket: Socket) => void): Promise<Server> {
  switch (transport.kind) {
    case 'tcp': {
      const { host, port } = transport;
      const server = createServer(accept);
      server.maxConnections = MAX_CONNECTIONS;
      server.listen(port, host);
      try {
        await once(server, 'listening');
      } catch (cause) {
        throw new Error(`cannot listen for devices on ${host}:${port}`, { cause });
      }
      return server;
    }
    default:
      return assertNever(transport.kind, 'transport');
  }
}

/** The port that it listens on. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
