/** Connections of those who mean no good, or nothing at all. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { onTestFinished } from 'vitest';

/** Closed with the test at the latest. */
function kept<S extends Socket>(socket: S): S {
  socket.on('error', () => {});
  socket.resume();
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Opens a connection to the loopback that says nothing. */
export async function openTcp(port: number): Promise<Socket> {
  const socket = kept(connectTcp(port, '127.0.0.1'));
  await once(socket, 'connect');
  return socket;
}

/** The same, after a TLS handshake without a certificate. */
export async function openTls(port: number, protocol: 'http/1.1' | 'h2' = 'http/1.1'): Promise<Socket> {
  const options = { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: [protocol] };
  const socket = kept(connectTls(options));
  await once(socket, 'secureConnect');
  return socket;
}

/** Says it, and resolves when the other side has had enough, or has heard all of it and closes. */
export async function sayAndBeClosed(socket: Socket, bytes: string | Buffer): Promise<void> {
  // A reset is as good as a close.
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  socket.end(bytes);
  await closed;
}

/** Of many lengths, from one byte to some kilobytes. */
export function junk(): readonly Buffer[] {
  return Array.from({ length: 24 }, (_, index) => randomBytes(1 + index * index * 11));
}
