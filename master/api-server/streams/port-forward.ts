/** Port-forward: each forwarded connection is a call of its own on the node. Source: k8s.io/kubelet, portforward. */
import type { Logger } from 'pino';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import { dropInput, offerInput, sendInput } from './command.ts';
import { parsePort } from './command-call.ts';
import type { NodeStream } from './node-stream.ts';
import { SpdyConnection, type SpdyStream } from './spdy/connection.ts';
import type { Wire } from './wire.ts';

export const PORT_FORWARD_CHANNELS = 'v4.channel.k8s.io';
/** SPDY frames within WebSocket messages. */
export const PORT_FORWARD_TUNNEL = 'SPDY/3.1+portforward.k8s.io';
export const PORT_FORWARD_SPDY = 'portforward.k8s.io';

/** Opens a connection to a port of the pod; it ends with the signal too. Throws ApiError. */
export type OpenPort = (port: number, signal?: AbortSignal) => NodeStream;

/** Serves any number of connections, one after the other or at once, until the client goes. */
export async function servePortForwardSpdy(
  { logger }: { readonly logger: Logger },
  wire: Wire,
  openPort: OpenPort,
): Promise<void> {
  const halves = new Map<string, SpdyStream>();
  const connections = new Set<Promise<void>>();
  const connection = new SpdyConnection(wire, stream => {
    const { headers } = stream;
    const type = headers.get('streamtype') ?? '';
    if (type !== 'error' && type !== 'data') return void stream.reset();
    const request = `${headers.get('requestid')}/${headers.get('port')}`;
    const key = `${request}/${type}`;
    const otherKey = `${request}/${type === 'data' ? 'error' : 'data'}`;
    const other = halves.get(otherKey);
    if (other === undefined) {
      halves.set(key, stream);
      return;
    }
    halves.delete(otherKey);
    const [data, error] = type === 'data' ? [stream, other] : [other, stream];
    const forwarding = forward(data, error, openPort)
      .catch((fault: unknown) => logger.error({ err: fault }, 'port-forward failed'))
      .finally(() => connections.delete(forwarding));
    connections.add(forwarding);
  });
  await connection.run();
  await Promise.all(connections);
}

/** One connection: its bytes on `data`, what went wrong on `error`, in words for people. */
async function forward(data: SpdyStream, error: SpdyStream, openPort: OpenPort): Promise<void> {
  const ignored = dropInput(error.input);
  const port = data.headers.get('port') ?? '';
  try {
    const stream = openPort(parsePort(port), data.broken);
    const input = sendInput(data.input, stream);
    for await (const { bytes } of stream.output) await data.write(bytes);
    await stream.ended;
    await data.end();
    await input;
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause;
    await error.write(Buffer.from(`error forwarding port ${port}: ${cause.message}`));
    await data.reset();
  } finally {
    // Clients wait for the end of both, even when all went well.
    await error.end();
    await ignored;
  }
}

/** Serves one connection to each port, opened at once; ends when all have ended, or the client goes. Two channels each: data, and errors. */
export async function servePortForwardChannels(
  wire: Wire,
  ports: readonly number[],
  streams: readonly NodeStream[],
): Promise<void> {
  const send = (channel: number, bytes: Uint8Array) => wire.send(Buffer.concat([Buffer.of(channel), bytes]));
  const sendPort = async (port: number, index: number) => {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    await send(index * 2, number);
    await send(index * 2 + 1, number);
  };
  const sendBytes = async (stream: NodeStream, index: number) => {
    try {
      for await (const { bytes } of stream.output) await send(index * 2, bytes);
      await stream.ended;
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause;
      const words = `error forwarding port ${ports[index]}: ${cause.message}`;
      await send(index * 2 + 1, Buffer.from(words));
    }
  };
  const takeMessages = async () => {
    for await (const message of wire.received) {
      const channel = message[0] ?? 0;
      const stream = channel % 2 === 0 ? streams[channel / 2] : undefined;
      if (stream !== undefined && message.length > 1) await offerInput(stream, message.subarray(1));
    }
    for (const stream of streams) stream.close();
  };
  const sendAll = async () => {
    for (const [index, port] of ports.entries()) await sendPort(port, index);
    await Promise.all(streams.map(sendBytes));
    wire.close();
  };
  await Promise.all([sendAll(), takeMessages()]);
}
