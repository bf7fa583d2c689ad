/** A TCP connection opened and closed: somebody listens. */
import { connect } from 'node:net';
import { connectFault } from './http-get.ts';

/** Resolves once connected. Throws in the words of Go's net package; rejects with the signal's reason when aborted. */
export async function tcpConnect(host: string, port: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const socket = connect({ host, port });
  const onAbort = () => socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).on('error', reject).once('close', reject);
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(connectFault(error), { cause: error });
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}
