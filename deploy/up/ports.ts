/** Whether the ports are free, asked before anything starts, so that the answer names the flag to change. */
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { errorCode } from '../../shared/error-code.ts';
import { UserError } from './shell.ts';

export type WantedPort = {
  readonly flag: '--api-port' | '--mqtt-port';
  readonly host: string;
  readonly port: number;
};

/** Throws UserError when this process may not listen there. */
export function requireFreePort({ flag, host, port }: WantedPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', error => {
      const code = errorCode(error);
      if (code === 'EADDRINUSE') {
        reject(new UserError(`port ${port} on ${host} is in use: choose another with ${flag}`));
      } else if (code === 'EACCES') {
        reject(new UserError(`port ${port} needs root: choose one above 1023 with ${flag}`));
      } else {
        reject(new UserError(`cannot listen on ${host} (--listen): ${error.message}`));
      }
    });
    server.listen(port, host, () => server.close(() => resolve()));
  });
}

/** True for an address that stands for every address of the machine. */
function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** The address to tell others: the one that is listened on, or the machine's own where it is all of them. */
export function publicHost(listen: string): string {
  if (!isWildcard(listen)) return listen;
  const own = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .find(address => !address.internal && address.family === 'IPv4');
  return own?.address ?? '127.0.0.1';
}

/** The address by which this machine itself reaches what listens on `listen`. */
export function localHost(listen: string): string {
  return isWildcard(listen) ? '127.0.0.1' : listen;
}
