/** One MQTT connection, from CONNECT to its loss. Never reconnects by itself. Only this file knows the mqtt library. */
import mqtt, { ErrorWithSubackPacket, type IClientOptions, type MqttClient } from 'mqtt';
import { CONNECT_TIMEOUT_MS, KEEPALIVE_SECONDS } from '../limits.ts';

/** `refused`: the broker does not accept these credentials, and trying again soon changes nothing. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly reason: 'refused' | 'unreachable';
  constructor(reason: 'refused' | 'unreachable', message: string) {
    super(message);
    this.reason = reason;
  }
}

export type ConnectOptions = {
  readonly url: string;
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly will?: { readonly topic: string; readonly payload: string };
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
};

export type Connection = {
  /** Resolves when the broker has it (QoS 1) or the socket has taken it (QoS 0); rejects when the connection is lost first. */
  publish(topic: string, payload: string | Uint8Array, options: PublishOptions): Promise<void>;
  /** Rejects with ConnectError: `refused` when the broker denies a filter, `unreachable` when the connection is lost first. */
  subscribe(filters: readonly string[]): Promise<void>;
  /** Resolves when the connection is lost, for whatever reason, or closed. */
  readonly closed: Promise<void>;
  /** Says goodbye, so that the will is not sent, and closes. */
  disconnect(): Promise<void>;
  /** Drops it without a word. */
  destroy(): void;
};

export type PublishOptions = { readonly qos: 0 | 1; readonly retain?: boolean };

/** CONNACK codes that mean the credentials: bad user name or password, not authorized [MQTT-3.2.2-3]. */
const REFUSALS: readonly unknown[] = [4, 5];

/** Resolves once the broker has accepted the connection; rejects with ConnectError, also when aborted. */
export function openConnection(options: ConnectOptions, signal: AbortSignal): Promise<Connection> {
  const { url, clientId, username, password, will, onMessage } = options;
  const settings: IClientOptions = {
    clientId,
    username,
    password,
    protocolVersion: 4,
    clean: true,
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // mqtt-packet would else fill a cache of 65 536 buffers, 8 MB.
    writeCache: false,
    timerVariant: 'native',
    will: will && { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
  };
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new ConnectError('unreachable', 'stopped'));
    const client = mqtt.connect(url, settings);
    const closed = new Promise<void>(done => client.once('close', done));
    let refusal: ConnectError | undefined;
    const onAbort = () => client.end(true);
    signal.addEventListener('abort', onAbort, { once: true });
    client.on('error', error => {
      const isRefused = 'code' in error && REFUSALS.includes(error.code);
      refusal ??= new ConnectError(isRefused ? 'refused' : 'unreachable', error.message);
    });
    client.on('message', (topic, payload) => onMessage(topic, payload));
    client.once('connect', () => resolve(wrap(client, closed)));
    void closed.then(() => {
      signal.removeEventListener('abort', onAbort);
      client.end(true);
      reject(refusal ?? new ConnectError('unreachable', 'the connection was closed'));
    });
  });
}

function wrap(client: MqttClient, closed: Promise<void>): Connection {
  const lost = closed.then(() => {
    throw new ConnectError('unreachable', 'the connection was lost');
  });
  // Raced below; this only keeps the rejection from counting as unhandled while nothing races it.
  lost.catch(() => undefined);
  return {
    closed,
    publish: async (topic, payload, { qos, retain }) => {
      const bytes = typeof payload === 'string' ? payload : Buffer.from(payload);
      await Promise.race([client.publishAsync(topic, bytes, { qos, retain: retain ?? false }), lost]);
    },
    subscribe: async filters => {
      try {
        await Promise.race([client.subscribeAsync([...filters], { qos: 1 }), lost]);
      } catch (error) {
        // With a packet it is the broker's answer; without, the connection was lost before that came.
        const isAnswer = error instanceof ErrorWithSubackPacket && error.packet !== undefined;
        if (isAnswer) throw new ConnectError('refused', `the broker denies ${filters.join(', ')}`);
        throw error instanceof ConnectError ? error : new ConnectError('unreachable', String(error));
      }
    },
    disconnect: async () => {
      await client.endAsync(false);
    },
    destroy: () => {
      client.end(true);
    },
  };
}
