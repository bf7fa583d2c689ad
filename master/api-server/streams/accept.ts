/** Grants an upgrade: from a request to a Wire, or to a WebSocket's messages. The only file that knows the library `ws`. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { ByteQueue } from './byte-queue.ts';
import { MAX_MESSAGE_BYTES, MAX_WAITING_BYTES } from './limits.ts';
import type { Upgrade } from './upgrade.ts';
import type { Wire } from './wire.ts';

const NORMAL_CLOSURE = 1000;

/** Each piece received or sent is one message; text comes as its bytes, as in Kubernetes. Without a protocol none is named. */
export async function acceptWebSocket(upgrade: Upgrade, protocol: string | undefined): Promise<Wire> {
  // Loaded with the first of its callers: most masters that have just started serve none.
  const { WebSocketServer } = await import('ws');
  const { request, socket, head } = upgrade;
  if (socket.destroyed) throw new Error('the client went away');
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    clientTracking: false,
  });
  // The library refuses names with a slash, which Kubernetes has: the choice is ours and goes straight into the answer.
  delete request.headers['sec-websocket-protocol'];
  if (protocol !== undefined)
    server.on('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise<Wire>((resolve, reject) => {
    socket.once('close', () => reject(new Error('the client went away')));
    server.handleUpgrade(request, socket, head, client => resolve(webSocketWire(client)));
  });
}

function webSocketWire(client: WebSocket): Wire {
  const queue = new ByteQueue(() => {
    if (queue.waiting > MAX_WAITING_BYTES) client.pause();
    else if (client.isPaused && queue.waiting <= MAX_WAITING_BYTES / 2) client.resume();
  });
  client.on('message', message => queue.push(bytesOf(message)));
  client.on('close', () => queue.end());
  // What is wrong is what the client sent or that it is gone; 'close' follows either way.
  client.on('error', () => queue.end());
  return {
    received: queue,
    send: piece => new Promise(resolve => client.send(piece, error => (error ? later(resolve) : resolve()))),
    close: () => client.close(NORMAL_CLOSURE),
  };
}

/** A client that has gone takes everything at once: its writer must leave time for the news of it to arrive. */
function later(resolve: () => void): void {
  setImmediate(resolve);
}

function bytesOf(message: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(message)) return Buffer.concat(message);
  return Buffer.isBuffer(message) ? message : Buffer.from(message);
}

/** Answers 101 and hands over the bytes behind it. */
export function acceptSpdy({ socket, head }: Upgrade, protocol: string): Wire {
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Connection: Upgrade',
      'Upgrade: SPDY/3.1',
      `X-Stream-Protocol-Version: ${protocol}`,
      '\r\n',
    ].join('\r\n'),
  );
  if (head.length > 0) socket.unshift(head);
  return {
    received: receivedOf(socket),
    send: piece =>
      new Promise(resolve => {
        if (socket.writable) socket.write(piece, error => (error ? later(resolve) : resolve()));
        else later(resolve);
      }),
    close: () => socket.end(),
  };
}

async function* receivedOf(socket: Duplex): AsyncGenerator<Buffer> {
  try {
    for await (const piece of socket) yield piece;
  } catch {
    // The client broke off: for its reader that is the end, as any other.
  }
}
