/**
 * A registry of a test's own: Debian's docker-registry behind a proxy that can be slow, hang, or be cut, and that knows
 * what was fetched. On loopback, where engines ask for no TLS.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../shared/clock.ts';

/** Of a registry with authentication. */
export const REGISTRY_USER = { username: 'reader', password: 'correct horse' };
/** bcrypt of that password: the one form that the registry takes. */
const HTPASSWD = 'reader:$2b$04$33QP0KIUNapmwmu74uGeTugApACGyrU.IvXAL./jazWUEktAmITxu\n';

/** What the network between engine and registry does. */
export type Link = 'up' | 'hung' | 'cut';

export class TestRegistry {
  /** `127.0.0.1:port`, as the first part of an image's name. */
  readonly host: string;
  /** Bytes that were sent of each layer and configuration, by digest. */
  readonly sentBytes = new Map<string, number>();
  private link: Link = 'up';
  private readonly close_: () => Promise<void>;
  private allowance = Number.POSITIVE_INFINITY;
  private whenSpent: Link = 'up';
  private onSpent: () => void = () => {};
  private readonly open = new Set<ServerResponse>();

  private constructor(host: string, close: () => Promise<void>) {
    this.host = host;
    this.close_ = close;
  }

  /** With `hasPassword` it serves only REGISTRY_USER. */
  static async start(options: { readonly hasPassword?: boolean } = {}): Promise<TestRegistry> {
    const folder = await mkdtemp(join(tmpdir(), 'pikelet-registry-'));
    const port = await freePort();
    await writeFile(join(folder, 'htpasswd'), HTPASSWD);
    const auth = options.hasPassword ? `auth: { htpasswd: { realm: test, path: ${folder}/htpasswd } }\n` : '';
    await writeFile(
      join(folder, 'config.yml'),
      `version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\n${auth}` +
        `storage: { filesystem: { rootdirectory: ${folder}/data } }\nhttp: { addr: 127.0.0.1:${port} }\n`,
    );
    const program = process.env.PIKELET_TEST_REGISTRY || 'docker-registry';
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, 'serve', join(folder, 'config.yml')], {
      stdio: 'ignore',
    });
    await untilServed(port, () => child.exitCode !== null);
    const proxy = createServer((incoming, outgoing) => registry.forward(port, incoming, outgoing));
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = proxy.address() as AddressInfo;
    const registry: TestRegistry = new TestRegistry(`127.0.0.1:${address.port}`, async () => {
      proxy.close();
      proxy.closeAllConnections();
      child.kill('SIGKILL');
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    });
    return registry;
  }

  /** From now on. Cut: every connection is broken, and new ones are. */
  set(link: Link): void {
    this.link = link;
    this.allowance = Number.POSITIVE_INFINITY;
    if (link === 'cut') for (const each of this.open) each.destroy();
  }

  /** The link becomes `link` once so many bytes of layers have gone through; resolves then. */
  after(bytes: number, link: Link): Promise<void> {
    this.allowance = bytes;
    this.whenSpent = link;
    return new Promise(resolve => {
      this.onSpent = resolve;
    });
  }

  /** Makes the engine push an image that it has under this name. */
  async push(socketPath: string, reference: string): Promise<void> {
    const colonAt = reference.lastIndexOf(':');
    const auth = Buffer.from(JSON.stringify({ ...REGISTRY_USER, serveraddress: this.host }))
      .toString('base64')
      .replaceAll('+', '-')
      .replaceAll('/', '_');
    const path = `/images/${reference.slice(0, colonAt)}/push?tag=${reference.slice(colonAt + 1)}`;
    const outgoing = request({ socketPath, method: 'POST', path, headers: { 'X-Registry-Auth': auth } });
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const answer = await text(incoming);
    if (incoming.statusCode !== 200 || answer.includes('"error"'))
      throw new Error(`cannot push ${reference}: ${answer}`);
  }

  close(): Promise<void> {
    return this.close_();
  }

  private forward(port: number, incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (this.link === 'cut') {
      incoming.destroy();
      return;
    }
    this.open.add(outgoing);
    outgoing.on('close', () => this.open.delete(outgoing));
    const { method, url = '', headers } = incoming;
    const blob = method === 'GET' ? /\/blobs\/(sha256:[0-9a-f]+)$/.exec(url)?.[1] : undefined;
    outgoing.setMaxListeners(0);
    const inner = request({ host: '127.0.0.1', port, method, path: url, headers }, async answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      try {
        for await (const piece of answer) {
          if (blob !== undefined) this.spend(blob, piece.length);
          if (this.link === 'hung') await once(outgoing, 'close');
          if (outgoing.destroyed) return;
          if (!outgoing.write(piece)) await Promise.race([once(outgoing, 'drain'), once(outgoing, 'close')]);
        }
        outgoing.end();
      } catch {
        // The registry broke off.
        outgoing.destroy();
      }
    });
    inner.on('error', () => outgoing.destroy());
    incoming.pipe(inner);
  }

  private spend(blob: string, bytes: number): void {
    this.sentBytes.set(blob, (this.sentBytes.get(blob) ?? 0) + bytes);
    this.allowance -= bytes;
    if (this.allowance > 0) return;
    this.set(this.whenSpent);
    this.onSpent();
  }
}

async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilServed(port: number, hasEnded: () => boolean): Promise<void> {
  for (;;) {
    if (hasEnded())
      throw new Error('docker-registry ended: is it installed? apt-get install docker-registry');
    const isServed = await new Promise<boolean>(resolve => {
      get({ host: '127.0.0.1', port, path: '/v2/', agent: false }, answer => {
        answer.resume();
        resolve(true);
      }).on('error', () => resolve(false));
    });
    if (isServed) return;
    await systemClock.sleep(20);
  }
}
