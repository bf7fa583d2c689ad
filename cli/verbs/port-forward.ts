/** `pikelet port-forward`: ports of this machine that lead to a pod's. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { GlobalOptions } from '../cli.ts';
import { CliError, explainError } from '../errors.ts';
import { findPod } from '../find-pod.ts';
import { POD } from '../kinds/builtin.ts';
import { objectPath } from '../kinds/kind.ts';
import { type Session, withSession } from '../session.ts';
import { openChannels } from '../streams/channels.ts';
import type { DeclareVerb } from '../verb.ts';
import { type Forwarded, parsePorts, targetPort } from './forwarded-ports.ts';

type ForwardOptions = GlobalOptions & { readonly address: string };

const PROTOCOL = 'v4.channel.k8s.io';
const CHANNEL = { data: 0, error: 1 } as const;
/** Each channel begins with its port's number. */
const PORT_BYTES = 2;

export const declarePortForward: DeclareVerb = (command, cli) => {
  command
    .argument('<target>', 'web-1, pod/web-1, deploy/web, svc/web …')
    .argument('<ports...>', '[LOCAL:]REMOTE; :REMOTE takes any free local port')
    .option('--address <addresses>', 'where to listen, parted by commas', 'localhost')
    .action(async (target: string, words: readonly string[]) => {
      const options = command.optsWithGlobals<ForwardOptions>();
      const ports = parsePorts(words);
      await withSession(cli, options, session => portForward(session, target, ports, options));
    });
};

async function portForward(
  session: Session,
  target: string,
  ports: readonly Forwarded[],
  { address }: ForwardOptions,
): Promise<void> {
  const { cli } = session;
  const { pod, name, object } = await findPod(session, target);
  const servers: Server[] = [];
  try {
    for (const { local, remote } of ports) {
      const port = targetPort(remote, object, pod);
      for (const host of address.split(',')) {
        const server = await listen(session, host === 'localhost' ? '127.0.0.1' : host, local);
        servers.push(server);
        const bound = server.address();
        const own = typeof bound === 'object' && bound !== null ? bound : { address: host, port: local };
        cli.out(`Forwarding from ${own.address}:${own.port} -> ${port}\n`);
        server.on('connection', (socket: Socket) => {
          cli.out(`Handling connection for ${own.port}\n`);
          forward(session, name, port, socket).catch(error => {
            socket.destroy();
            if (!cli.signal.aborted) cli.say(explainError(error));
          });
        });
      }
    }
    if (!cli.signal.aborted) await once(cli.signal, 'abort');
  } finally {
    for (const server of servers) server.close();
  }
}

async function listen({ cli }: Session, host: string, port: number): Promise<Server> {
  const server = createServer({ pauseOnConnect: true }).listen(port, host);
  try {
    await once(server, 'listening', { signal: cli.signal });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`unable to listen on port ${port}: ${why}`, { cause });
  }
  return server;
}

/** One connection, to its end. */
async function forward(session: Session, pod: string, port: number, socket: Socket): Promise<void> {
  const { namespace, cli } = session;
  const path = `${objectPath(POD, { namespace, name: pod }, 'portforward')}?ports=${port}`;
  const begun = new Set<number>();
  const channels = await openChannels(session, path, PROTOCOL, (channel, message) => {
    const bytes = begun.has(channel) ? message : message.subarray(PORT_BYTES);
    begun.add(channel);
    if (bytes.length === 0) return;
    if (channel === CHANNEL.error) return cli.say(`an error occurred forwarding ${port}: ${bytes}`);
    if (channel !== CHANNEL.data || socket.write(bytes)) return;
    channels.pause();
    socket.once('drain', channels.resume);
  });
  socket.on('data', bytes => {
    socket.pause();
    void channels.send(CHANNEL.data, bytes).then(() => socket.resume());
  });
  // Channels know no end of one direction: a client that ends its own ends both.
  socket.on('error', channels.close).on('close', channels.close);
  socket.resume();
  await channels.closed;
  socket.destroySoon();
}
