/** A socket as the broker reads it: every byte is measured before it is parsed, and tells that its sender lives. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { createFrameMeter } from './frame-meter.ts';

export type Guard = {
  /** The longest packet that may start now, bytes. */
  readonly maxPacketBytes: () => number;
  /** Called for each chunk that came in. */
  readonly onBytes: () => void;
};

/** The two are one: each ends when the other does, and neither buffers more than a chunk for the other. */
export function guardConnection(socket: Socket, guard: Guard): Duplex {
  const meter = createFrameMeter();
  const connection = new Duplex({
    read: () => void socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    writev(chunks, done) {
      socket.cork();
      chunks.forEach(({ chunk }, index) => {
        socket.write(chunk, index === chunks.length - 1 ? done : undefined);
      });
      socket.uncork();
    },
    final: done => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    guard.onBytes();
    if (!meter.accept(chunk, guard.maxPacketBytes())) connection.destroy(new Error('packet is too long'));
    else if (!connection.push(chunk)) socket.pause();
  });
  socket.on('end', () => connection.push(null));
  socket.on('error', error => connection.destroy(error));
  socket.on('close', () => connection.destroy());
  return connection;
}
