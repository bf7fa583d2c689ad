/**
 * Requests over connections that stay open, written and read with next to no work, so that the server is what is measured:
 * Node's own HTTPS client takes longer for a small request than the master does.
 */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { systemClock } from '../../shared/clock.ts';

export type Target = {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
};

const HEAD_END = '\r\n\r\n';

/** The bytes of a request; a body makes it a POST of JSON. */
export function requestBytes(path: string, body?: object): Buffer {
  const head = `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nhost: pikelet\r\n`;
  if (body === undefined) return Buffer.from(`${head}\r\n`);
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  return Buffer.from(`${head}content-type: application/json\r\ncontent-length: ${length}${HEAD_END}${text}`);
}

export class LoadClient {
  private readonly sockets: readonly TLSSocket[];

  private constructor(sockets: readonly TLSSocket[]) {
    this.sockets = sockets;
  }

  static async open({ host, port, ...tls }: Target, connections: number): Promise<LoadClient> {
    const sockets = Array.from({ length: connections }, async () => {
      const socket = connect({ host, port, ...tls });
      await once(socket, 'secureConnect');
      return socket.setNoDelay(true);
    });
    return new LoadClient(await Promise.all(sockets));
  }

  /** Sends all of them, one at a time on each connection. Milliseconds of each. Rejects at the first answer that is no success. */
  async asFastAsPossible(requests: readonly Buffer[]): Promise<readonly number[]> {
    const times: number[] = [];
    let next = 0;
    const worker = async (socket: TLSSocket) => {
      for (let request = requests[next++]; request !== undefined; request = requests[next++])
        times.push(await answered(socket, request, systemClock.monotonicMs()));
    };
    await Promise.all(this.sockets.map(worker));
    return times;
  }

  /**
   * Sends them at a steady rate, whether or not earlier ones are answered: milliseconds from when each was due, so that a
   * server that stalls is not spared. Waits for a connection when all are taken.
   */
  async atRate(requests: readonly Buffer[], perSecond: number): Promise<readonly number[]> {
    const startMs = systemClock.monotonicMs();
    const times: number[] = [];
    let next = 0;
    const worker = async (socket: TLSSocket) => {
      for (let i = next++; ; i = next++) {
        const request = requests[i];
        if (request === undefined) return;
        const dueMs = startMs + (i * 1000) / perSecond;
        const earlyMs = dueMs - systemClock.monotonicMs();
        if (earlyMs > 0) await systemClock.sleep(earlyMs);
        times.push(await answered(socket, request, Math.max(dueMs, startMs)));
      }
    };
    await Promise.all(this.sockets.map(worker));
    return times;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Milliseconds from `fromMs` until the whole answer was read. */
async function answered(socket: TLSSocket, request: Buffer, fromMs: number): Promise<number> {
  return await new Promise<number>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let wanted = Number.POSITIVE_INFINITY;
    const finish = (settle: () => void) => {
      socket.off('data', read).off('close', broken);
      settle();
    };
    const broken = () => finish(() => reject(new Error('the server closed the connection')));
    const read = (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (wanted === Number.POSITIVE_INFINITY) {
        const head = Buffer.concat(chunks).toString('latin1');
        const end = head.indexOf(HEAD_END);
        if (end < 0) return;
        if (!/^HTTP\/1\.1 20/.test(head)) return finish(() => reject(new Error(head.slice(0, 500))));
        wanted = end + HEAD_END.length + Number(/content-length: (\d+)/i.exec(head)?.[1]);
      }
      if (bytes >= wanted) finish(() => resolve(systemClock.monotonicMs() - fromMs));
    };
    socket.on('data', read).once('close', broken);
    socket.write(request);
  });
}
