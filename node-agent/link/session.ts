/**
 * The agent's one connection to the master, made again for ever. It says who the agent is, when it comes and when it
 * goes; what is said in between is not its business.
 */
import type { Logger } from 'pino';
import { backoffDelayMs } from '../../shared/backoff.ts';
import { type Clock, pause } from '../../shared/clock.ts';
import { CAPABILITY, type Session as SessionMessage } from '../../shared/protocol/messages.ts';
import { agentSubscriptions, topics } from '../../shared/protocol/topics.ts';
import { CONNECT_TIMEOUT_MS, GOODBYE_TIMEOUT_MS, RECONNECT_BACKOFF, REFUSED_RETRY_MS } from '../limits.ts';
import type { Credentials } from './credentials.ts';
import { ConnectError, type Connection, openConnection, type PublishOptions } from './mqtt-connection.ts';

export type SessionDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1); spreads reconnects. */
  readonly random: () => number;
  /** Called each time the session is up: subscribed and said to be online. */
  readonly onOnline: () => void;
  readonly onOffline: () => void;
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
};

export class Session {
  private readonly deps: SessionDeps;
  private readonly url: string;
  private readonly credentials: Credentials;
  private readonly epoch: string;
  private connection: Connection | undefined;
  private failures = 0;
  private isRefusalKnown = false;

  constructor(
    deps: SessionDeps,
    options: { readonly url: string; readonly credentials: Credentials; readonly epoch: string },
  ) {
    this.deps = deps;
    this.url = options.url;
    this.credentials = options.credentials;
    this.epoch = options.epoch;
  }

  get isOnline(): boolean {
    return this.connection !== undefined;
  }

  /** Rejects with ConnectError `unreachable` when offline, and when the connection is lost before it was done. */
  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions): Promise<void> {
    if (!this.connection) throw new ConnectError('unreachable', 'offline');
    await this.connection.publish(topic, payload, options);
  }

  /** Keeps a connection until aborted, then says goodbye if it can. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.deps;
    while (!signal.aborted) {
      const ended = await this.serveOnce(signal);
      if (signal.aborted) return;
      const waitMs =
        ended === 'refused' ? REFUSED_RETRY_MS : backoffDelayMs(RECONNECT_BACKOFF, this.failures++, random());
      await pause(clock, waitMs, signal);
    }
  }

  /** One connection from start to end. */
  private async serveOnce(signal: AbortSignal): Promise<'refused' | 'lost'> {
    const { log, onOnline, onOffline } = this.deps;
    // The connection outlives the signal by a goodbye, and so has one of its own.
    const connecting = new AbortController();
    let onAbort = () => connecting.abort();
    const listener = () => onAbort();
    signal.addEventListener('abort', listener, { once: true });
    try {
      const connection = await this.open(connecting.signal);
      const stopped = new Promise<void>(resolve => {
        onAbort = resolve;
        if (signal.aborted) resolve();
      });
      this.connection = connection;
      this.failures = 0;
      this.isRefusalKnown = false;
      log.info({ node: this.credentials.node }, 'connected to the master');
      onOnline();
      await Promise.race([connection.closed, stopped]);
      this.connection = undefined;
      onOffline();
      if (signal.aborted) await this.sayGoodbye(connection);
      else log.warn({ node: this.credentials.node }, 'connection to the master lost');
      return 'lost';
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      return this.noteConnectError(error);
    } finally {
      signal.removeEventListener('abort', listener);
    }
  }

  private async open(signal: AbortSignal): Promise<Connection> {
    const { node, password } = this.credentials;
    const connection = await openConnection(
      {
        url: this.url,
        clientId: `${node}:${this.epoch}`,
        username: `node:${node}`,
        password,
        will: { topic: topics.session(node), payload: this.sessionText('offline', 'will') },
        onMessage: this.deps.onMessage,
      },
      signal,
    );
    // A broker that answers no more, but keeps the connection, would else hold the agent for ever.
    const cancel = this.deps.clock.after(CONNECT_TIMEOUT_MS, () => connection.destroy());
    try {
      await connection.subscribe(agentSubscriptions(node));
      await connection.publish(topics.session(node), this.sessionText('online'), { qos: 1, retain: true });
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    } finally {
      cancel();
    }
  }

  private noteConnectError(error: ConnectError): 'refused' | 'lost' {
    const { log } = this.deps;
    if (error.reason !== 'refused') {
      if (this.failures === 0) log.warn({ url: this.url, reason: error.message }, 'master is not reachable');
      return 'lost';
    }
    if (!this.isRefusalKnown)
      log.error(
        { node: this.credentials.node, reason: error.message },
        'the master refuses this node; to join again, delete credentials.json in the data folder and start with a fresh token',
      );
    this.isRefusalKnown = true;
    return 'refused';
  }

  private async sayGoodbye(connection: Connection): Promise<void> {
    const topic = topics.session(this.credentials.node);
    const goodbye = async () => {
      await connection.publish(topic, this.sessionText('offline', 'shutdown'), { qos: 1, retain: true });
      await connection.disconnect();
    };
    const timeout = new AbortController();
    await Promise.race([goodbye(), this.deps.clock.sleep(GOODBYE_TIMEOUT_MS, timeout.signal)]).catch(
      (error: unknown) => this.deps.log.debug({ err: error }, 'no goodbye'),
    );
    timeout.abort();
    connection.destroy();
  }

  private sessionText(state: SessionMessage['state'], reason?: SessionMessage['reason']): string {
    return JSON.stringify({
      epoch: this.epoch,
      state,
      reason,
      capability: CAPABILITY,
    } satisfies SessionMessage);
  }
}
