import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Cable } from '../../deploy/up/cable.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A server that keeps what it hears and answers each piece in capitals. */
async function aServer() {
  const connections: Socket[] = [];
  let heard = '';
  const server = createServer(socket => {
    connections.push(socket);
    socket.on('data', chunk => {
      heard += chunk;
      socket.write(String(chunk).toUpperCase());
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  cleanups.push(() => {
    server.close();
    for (const socket of connections) socket.destroy();
  });
  return { port: address.port, heard: () => heard, connections };
}

async function aCable(port: number) {
  const cable = new Cable({ host: '127.0.0.1', port });
  const nearPort = await cable.open();
  cleanups.push(() => cable.close());
  return { cable, nearPort };
}

async function aClient(port: number) {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', chunk => {
    heard += chunk;
  });
  socket.on('error', () => socket.destroy());
  cleanups.push(() => socket.destroy());
  await once(socket, 'connect');
  return { socket, heard: () => heard };
}

/** As many turns of the loop and round trips as anything forwarded would need to arrive. */
async function everythingInFlight(port: number) {
  const fence = await aClient(port);
  for (const word of ['one', 'two', 'three']) {
    fence.socket.write(word);
    await once(fence.socket, 'data');
  }
  fence.socket.destroy();
}

describe('Cable', () => {
  it('carries bytes both ways', async () => {
    const server = await aServer();
    const { nearPort } = await aCable(server.port);
    const client = await aClient(nearPort);
    client.socket.write('hello');
    await once(client.socket, 'data');
    expect(client.heard()).toBe('HELLO');
  });

  it('holds everything back while it is cut and delivers it late, on the same connection', async () => {
    const [server, other] = [await aServer(), await aServer()];
    const { cable, nearPort } = await aCable(server.port);
    const client = await aClient(nearPort);
    client.socket.write('a');
    await once(client.socket, 'data');
    cable.cut();
    client.socket.write('b');
    server.connections[0]?.write('-late');
    await everythingInFlight(other.port);
    expect([server.heard(), client.heard(), client.socket.closed]).toEqual(['a', 'A', false]);
    cable.join();
    await expect.poll(client.heard).toBe('A-lateB');
  });

  it('hides a close while it is cut and tells it when joined', async () => {
    const [server, other] = [await aServer(), await aServer()];
    const { cable, nearPort } = await aCable(server.port);
    const client = await aClient(nearPort);
    client.socket.write('a');
    await once(client.socket, 'data');
    let isClosed = false;
    server.connections[0]?.on('close', () => {
      isClosed = true;
    });
    cable.cut();
    client.socket.destroy();
    await everythingInFlight(other.port);
    expect(isClosed).toBe(false);
    cable.join();
    await expect.poll(() => isClosed).toBe(true);
  });

  it('lets a connection open during a cut, and reach the far end only when joined', async () => {
    const [server, other] = [await aServer(), await aServer()];
    const { cable, nearPort } = await aCable(server.port);
    cable.cut();
    const client = await aClient(nearPort);
    client.socket.write('early');
    await everythingInFlight(other.port);
    expect(server.connections).toHaveLength(0);
    cable.join();
    await expect.poll(client.heard).toBe('EARLY');
  });

  it('forgets a connection that was given up during the cut', async () => {
    const server = await aServer();
    const { cable, nearPort } = await aCable(server.port);
    cable.cut();
    const [given, kept] = [await aClient(nearPort), await aClient(nearPort)];
    given.socket.write('given up');
    given.socket.end();
    await once(given.socket, 'close');
    kept.socket.write('kept');
    cable.join();
    await expect.poll(kept.heard).toBe('KEPT');
    expect(server.connections).toHaveLength(1);
  });

  it('closes the near end when nobody listens at the far one', async () => {
    const server = await aServer();
    const { nearPort } = await aCable(server.port);
    for (const cleanup of cleanups.splice(0, 1)) cleanup();
    const client = await aClient(nearPort);
    await expect.poll(() => client.socket.closed).toBe(true);
  });
});
