/** A WebSocket of the API with channels: the first byte of each message says which. The only file of the command that knows the library `ws`. */
import type { WebSocket } from 'ws';
import { errorCode } from '../../shared/error-code.ts';
import { readText, statusOf } from '../connection/api-client.ts';
import { StatusError, UnreachableError } from '../errors.ts';
import type { Session } from '../session.ts';

export type Channels = {
  /** `bytes` resolves once they are on their way. */
  send(channel: number, bytes: Uint8Array): Promise<void>;
  /** Reads no more until `resume`: what comes waits on the server. */
  pause(): void;
  resume(): void;
  /** Ends the connection; harmless when it has ended. */
  close(): void;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
};

/** Opens `path`, whose query is part of it. Throws StatusError or UnreachableError; ends with the command's signal. */
export async function openChannels(
  { api, cli }: Pick<Session, 'api' | 'cli'>,
  path: string,
  protocol: string,
  onMessage: (channel: number, bytes: Buffer) => void,
): Promise<Channels> {
  // Loaded here: no other verb needs it.
  const { WebSocket } = await import('ws');
  const { tls, headers } = api.connection;
  const socket = new WebSocket(`${api.server.replace(/^http/, 'ws')}${path}`, protocol, {
    ...tls,
    headers,
    perMessageDeflate: false,
  });
  socket.on('message', (message: Buffer) => {
    const bytes = Buffer.from(message);
    onMessage(bytes[0] ?? 0, bytes.subarray(1));
  });
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  const end = () => socket.terminate();
  cli.signal.addEventListener('abort', end, { once: true });
  void closed.then(() => cli.signal.removeEventListener('abort', end));
  await opened(socket, api.server);
  // What breaks off shows as the end.
  socket.on('error', end);
  return {
    send: (channel, bytes) =>
      new Promise(resolve => socket.send(Buffer.concat([Buffer.of(channel), bytes]), () => resolve())),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.close(),
    closed,
  };
}

function opened(socket: WebSocket, server: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_request, response) => {
      readText(response, server)
        .then(text => reject(new StatusError(statusOf(text, response.statusCode ?? 0))), reject)
        .finally(() => socket.terminate());
    });
    socket.once('error', cause =>
      reject(new UnreachableError(server, errorCode(cause) ?? cause.message, { cause })),
    );
  });
}
