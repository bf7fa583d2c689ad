/**
 * Talks to one Docker engine: picks the API version, bounds every call in time, and turns each failure into a
 * RuntimeError. The only file that knows dockerode.
 *
 * All answers are taken as streams and read here: dockerode's own reader never calls back when the engine dies in the
 * middle of an answer (docker-modem 5.0.7, buildRequest).
 */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import Docker from 'dockerode';
import * as v from 'valibot';
import type { Clock } from '../../shared/clock.ts';
import { type RegistryCredentials, RuntimeError } from './container-runtime.ts';
import { VersionAnswer } from './docker-answers.ts';
import { chooseApiVersion, type EngineName, engineName } from './docker-api-version.ts';
import { toRuntimeError, unreachableMessage } from './docker-error.ts';
import { ASK_TIMEOUT_MS } from './limits.ts';

export type DockerRequest = {
  /** Named in the error. */
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: object;
  /** A tar archive to send in place of a body. */
  readonly archive?: Uint8Array;
  /** Sent as X-Registry-Auth, never part of an error. */
  readonly registryAuth?: RegistryCredentials;
  /** Default ASK_TIMEOUT_MS. For a stream it bounds the wait for its start. */
  readonly timeoutMs?: number;
};

const OK_CODES = { 200: true, 201: true, 204: true, 304: true };

type Client = { readonly docker: Docker; readonly apiVersion: string; readonly engine: EngineName };

export class DockerConnection {
  private readonly socketPath: string;
  private readonly clock: Clock;
  private client: Client | undefined;

  constructor(options: { readonly socketPath: string; readonly clock: Clock }) {
    this.socketPath = options.socketPath;
    this.clock = options.clock;
  }

  /** The answer, parsed by `schema`; undefined when it has no body. Throws RuntimeError, or the signal's reason. */
  async ask<T>(
    request: DockerRequest,
    schema: v.GenericSchema<unknown, T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const text = await this.send(request, signal);
    try {
      return v.parse(schema, JSON.parse(text));
    } catch (error) {
      throw new RuntimeError(request.operation, 'other', 'the engine answered what is not understood', {
        cause: error,
      });
    }
  }

  /** Sends and gives the answer as text, which may be empty. Throws as `ask`. */
  async send(request: DockerRequest, signal?: AbortSignal): Promise<string> {
    return this.bounded(request, signal, async abortSignal =>
      readText(await this.dial(request, abortSignal)),
    );
  }

  /** The answer as a stream, once it has begun: destroyed when `signal` aborts. Throws as `ask`. */
  async open(request: DockerRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const stream = await this.bounded(request, signal, abortSignal => this.dial(request, abortSignal));
    return destroyOnAbort(stream, signal);
  }

  /**
   * The connection itself once the engine has taken the call: raw bytes both ways, destroyed when `signal` aborts. Throws
   * as `ask`. https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
   */
  async hijack(request: DockerRequest, signal: AbortSignal): Promise<Socket> {
    const socket = await this.bounded(request, signal, async abortSignal => {
      const { docker } = await this.negotiate(abortSignal);
      return dial(docker, request, abortSignal, isSocket);
    });
    return destroyOnAbort(socket, signal);
  }

  /** The version that calls are made in, like `1.41`, and whose engine it is. Asks it when nothing was called yet. */
  async peer(signal?: AbortSignal): Promise<{ readonly apiVersion: string; readonly engine: EngineName }> {
    const request = { operation: 'info', method: 'GET', path: '/version' } as const;
    return this.bounded(request, signal, abortSignal => this.negotiate(abortSignal));
  }

  /** Any error of a stream that `open` gave, as RuntimeError. */
  failureOf(operation: string, error: unknown): RuntimeError {
    const failure = toRuntimeError(operation, error, this.socketPath);
    // After an upgrade of the engine the version may be another.
    if (failure.failure === 'unreachable') this.client = undefined;
    return failure;
  }

  private async dial(request: DockerRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { docker } = await this.negotiate(signal);
    return dial(docker, request, signal, isAnswer);
  }

  private async negotiate(signal: AbortSignal): Promise<Client> {
    if (this.client) return this.client;
    const address = { socketPath: this.socketPath, host: undefined, protocol: 'http' } as const;
    const request = { operation: 'info', method: 'GET', path: '/version' } as const;
    const text = await readText(await dial(new Docker(address), request, signal, isAnswer));
    const answer = v.parse(VersionAnswer, JSON.parse(text));
    const apiVersion = chooseApiVersion(answer);
    const docker = new Docker({ ...address, version: `v${apiVersion}` });
    this.client = { docker, apiVersion, engine: engineName(answer) };
    return this.client;
  }

  private async bounded<T>(
    { operation, timeoutMs = ASK_TIMEOUT_MS }: DockerRequest,
    signal: AbortSignal | undefined,
    act: (abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const controller = new AbortController();
    const onAbort = () => controller.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const tooLate = new RuntimeError(
      operation,
      'unreachable',
      unreachableMessage('ETIMEDOUT', this.socketPath),
    );
    const cancelTimer = this.clock.after(timeoutMs, () => controller.abort(tooLate));
    try {
      return await Promise.race([act(controller.signal), rejectOnAbort(controller.signal)]);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw this.failureOf(operation, controller.signal.aborted ? tooLate : error);
    } finally {
      cancelTimer();
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

const isAnswer = (answer: unknown) => answer instanceof IncomingMessage;
const isSocket = (answer: unknown) => answer instanceof Socket;

/** Asks for the connection itself when that is what `isWanted` wants. */
function dial<T extends IncomingMessage | Socket>(
  docker: Docker,
  request: DockerRequest,
  abortSignal: AbortSignal,
  isWanted: (answer: unknown) => answer is T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const isHijack = isWanted === isSocket;
    const options = {
      path: `${request.path}?`,
      method: request.method,
      // Apart: without `_query` dockerode would put the whole body, secrets and all, into the URL too.
      options: { _query: request.query ?? {}, _body: request.body ?? {} },
      file: request.archive && Buffer.from(request.archive),
      abortSignal,
      isStream: true,
      hijack: isHijack,
      ...(request.registryAuth && { authconfig: request.registryAuth }),
      // Without a body of known length the end of an empty one would be sent, which Podman takes for input.
      ...(isHijack && !request.body && { file: Buffer.alloc(0) }),
      statusCodes: OK_CODES,
    };
    docker.modem.dial(options, (error: unknown, answer: unknown) => {
      if (isWanted(answer)) resolve(answer);
      else reject(error ?? new Error('no answer'));
    });
  });
}

function destroyOnAbort<T extends IncomingMessage | Socket>(stream: T, signal: AbortSignal): T {
  const onAbort = () => stream.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', onAbort));
  if (signal.aborted) stream.destroy();
  return stream;
}

async function readText(stream: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
