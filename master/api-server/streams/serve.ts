/** The subresources of a pod that carry bytes both ways: checked as plain requests, then upgraded and served to their end. */
import type { Logger } from 'pino';
import type { Clock } from '../../../shared/clock.ts';
import { ApiError, notFound } from '../../../shared/kubernetes/api-error.ts';
import type { ObjectRef, Pod } from '../../../shared/kubernetes/objects.ts';
import type { StreamCall } from '../../../shared/protocol/messages.ts';
import { KINDS } from '../../registry/kinds.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import type { Exchange } from '../exchange.ts';
import { acceptSpdy, acceptWebSocket } from './accept.ts';
import { commandCall, portsOf, requireForwardable } from './command-call.ts';
import { COMMAND_CHANNELS, serveCommandChannels } from './command-channels.ts';
import { COMMAND_SPDY, serveCommandSpdy } from './command-spdy.ts';
import { MAX_STREAMS, STREAM_IDLE_MS } from './limits.ts';
import type { NodeStream, OpenStream } from './node-stream.ts';
import {
  PORT_FORWARD_CHANNELS,
  PORT_FORWARD_SPDY,
  PORT_FORWARD_TUNNEL,
  servePortForwardChannels,
  servePortForwardSpdy,
} from './port-forward.ts';
import { SpdyError } from './spdy/spdy-error.ts';
import { chooseProtocol, type Spoken, type Upgrade } from './upgrade.ts';

export type StreamDeps = {
  readonly cache: ClusterView;
  readonly openStream: OpenStream;
  readonly streams: StreamCount;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** Counts the upgraded connections of a server, to bound them. */
export class StreamCount {
  private open = 0;

  /** Throws ApiError TooManyRequests past the bound; the returned function gives the place back. */
  enter(): () => void {
    if (this.open >= MAX_STREAMS)
      throw new ApiError('TooManyRequests', 'too many open streams, please try again later', {
        retryAfterSeconds: 10,
      });
    this.open++;
    return () => {
      this.open--;
    };
  }
}

/** pods/{name}/exec and pods/{name}/attach, to their end. Throws ApiError while a plain answer is still possible. */
export async function serveCommand(
  deps: StreamDeps,
  exchange: Exchange,
  ref: ObjectRef,
  kind: 'exec' | 'attach',
): Promise<void> {
  const pod = podOf(deps.cache, ref);
  const call = commandCall(kind, pod, exchange.url.searchParams);
  const { upgrade, transport, protocol } = negotiate(exchange, {
    websocket: COMMAND_CHANNELS,
    spdy: COMMAND_SPDY,
  });
  await serveUpgraded(deps, exchange, upgrade, () => {
    const stream = openOn(deps, exchange, pod, call);
    return async () => {
      if (transport === 'websocket')
        await serveCommandChannels(await acceptWebSocket(upgrade, protocol), stream, call);
      else await serveCommandSpdy(deps, acceptSpdy(upgrade, protocol), stream, call);
    };
  });
}

/** pods/{name}/portforward, to its end. Throws ApiError while a plain answer is still possible. */
export async function servePortForward(deps: StreamDeps, exchange: Exchange, ref: ObjectRef): Promise<void> {
  const pod = podOf(deps.cache, ref);
  requireForwardable(pod);
  const { upgrade, transport, protocol } = negotiate(exchange, {
    websocket: [PORT_FORWARD_TUNNEL, PORT_FORWARD_CHANNELS],
    spdy: [PORT_FORWARD_SPDY],
  });
  const openPort = (port: number, signal?: AbortSignal) =>
    openOn(deps, exchange, pod, { kind: 'portForward', podUid: pod.metadata.uid, port }, signal);
  const ports = protocol === PORT_FORWARD_CHANNELS ? portsOf(exchange.url.searchParams) : [];
  await serveUpgraded(deps, exchange, upgrade, () => {
    const streams = ports.map(port => openPort(port));
    return async () => {
      if (transport === 'spdy') await servePortForwardSpdy(deps, acceptSpdy(upgrade, protocol), openPort);
      else {
        const wire = await acceptWebSocket(upgrade, protocol);
        if (protocol === PORT_FORWARD_TUNNEL) await servePortForwardSpdy(deps, wire, openPort);
        else await servePortForwardChannels(wire, ports, streams);
      }
    };
  });
}

/** The pod, which may be on its way out. Throws ApiError NotFound. */
function podOf(view: ClusterView, ref: ObjectRef): Pod {
  const pod = view.get('Pod', ref);
  if (pod === undefined) throw notFound(KINDS.Pod, ref.name);
  return pod;
}

function negotiate(exchange: Exchange, spoken: Spoken) {
  const { upgrade } = exchange;
  if (upgrade === undefined) throw new ApiError('BadRequest', 'Upgrade request required');
  return { upgrade, ...chooseProtocol(upgrade.request, spoken) };
}

/** Opens a call on the pod's node, which ends with its client. Throws ApiError. */
export function openOn(
  { openStream }: Pick<StreamDeps, 'openStream'>,
  exchange: Exchange,
  pod: Pod,
  call: StreamCall,
  signal?: AbortSignal,
): NodeStream {
  const either = signal === undefined ? exchange.signal : AbortSignal.any([exchange.signal, signal]);
  const stream = openStream({ node: pod.spec.nodeName ?? '', call, signal: either });
  // Told where the output ends; a call whose output nobody reads yet may end before that.
  stream.ended.catch(() => undefined);
  return stream;
}

/** `open` may still refuse with a plain answer; from then on the connection is the stream's, and goes with it. */
async function serveUpgraded(
  { streams, logger }: StreamDeps,
  exchange: Exchange,
  upgrade: Upgrade,
  open: () => () => Promise<void>,
): Promise<void> {
  const leave = streams.enter();
  try {
    const serve = open();
    exchange.handOver();
    const { socket } = upgrade;
    socket.setTimeout(STREAM_IDLE_MS, () => socket.destroy());
    try {
      await serve();
    } catch (error) {
      socket.destroy();
      if (error instanceof SpdyError) logger.debug({ err: error }, 'malformed SPDY');
      else if (!exchange.signal.aborted) logger.error({ err: error }, 'a stream failed');
    }
  } finally {
    leave();
  }
}
