/** The Kubernetes API over HTTP(S): one keep-alive agent, JSON in and out, watches and logs as streams. No fetch: it costs 30 ms of start-up. */
import type { IncomingMessage, RequestOptions } from 'node:http';
import type { AgentOptions } from 'node:https';
import type { Clock } from '../../shared/clock.ts';
import { errorCode } from '../../shared/error-code.ts';
import { isRecord } from '../../shared/is-record.ts';
import type { Status } from '../../shared/kubernetes/api-error.ts';
import { parseJson } from '../../shared/parse-json.ts';
import { CliError, StatusError, UnreachableError } from '../errors.ts';
import { at, textAt } from '../json.ts';
import { ANSWER_BYTES_MAX, CONNECT_TIMEOUT_MS, WATCH_LINE_BYTES_MAX } from '../limits.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type ApiRequest = {
  /** GET without. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` without. */
  readonly contentType?: string;
  /** `application/json` without. */
  readonly accept?: string;
};

export type WatchEvent = { readonly type: string; readonly object: unknown };

/** All methods throw StatusError (the API refused) or UnreachableError, and the signal's reason when aborted. */
export interface ApiClient {
  /** Such as `https://127.0.0.1:6443`. */
  readonly server: string;
  /** With what it connects and proves who it is, for connections of another protocol. */
  readonly connection: {
    readonly tls: ApiClientOptions['tls'];
    readonly headers: Readonly<Record<string, string>>;
  };
  /** The parsed answer; text that is no JSON comes as a string. */
  send(request: ApiRequest, signal?: AbortSignal): Promise<unknown>;
  /** The bytes of the answer as they come. Breaking off the loop ends the request. */
  stream(request: ApiRequest, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** The events of a watch, until the server ends it. An ERROR event is thrown as StatusError. */
  watch(request: ApiRequest, signal?: AbortSignal): AsyncIterable<WatchEvent>;
  close(): void;
}

export type ApiClientOptions = {
  readonly server: string;
  readonly tls: Pick<AgentOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;
  readonly token?: string;
  /** Milliseconds without an answer before giving up; does not apply to streams that have begun. */
  readonly answerTimeoutMs: number;
  readonly clock: Clock;
};

/** Opens no connection by itself: the first request does. Throws CliError when `server` is no http or https URL. */
export async function createApiClient(options: ApiClientOptions): Promise<ApiClient> {
  const url = parseServer(options.server);
  const secure = url.protocol === 'https:';
  const { request, Agent } = secure ? await import('node:https') : await import('node:http');
  const agent = new Agent({ keepAlive: true, ...(secure ? options.tls : {}) });
  const server = url.href.replace(/\/$/, '');
  const headers: Readonly<Record<string, string>> =
    options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };

  function open(wanted: ApiRequest, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const body = wanted.body === undefined ? undefined : JSON.stringify(wanted.body);
    const requestOptions: RequestOptions = {
      agent,
      method: wanted.method ?? 'GET',
      signal,
      headers: {
        accept: wanted.accept ?? 'application/json',
        'user-agent': 'pikelet',
        ...headers,
        ...(body === undefined
          ? {}
          : {
              'content-type': wanted.contentType ?? 'application/json',
              'content-length': Buffer.byteLength(body),
            }),
      },
    };
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => {
        cancel();
        reject(signal?.aborted ? signal.reason : new UnreachableError(server, codeOf(cause), { cause }));
      };
      const outgoing = request(`${server}${pathOf(wanted)}`, requestOptions, response => {
        cancel();
        resolve(response);
      });
      const late = () =>
        outgoing.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
      let cancel = options.clock.after(Math.min(CONNECT_TIMEOUT_MS, options.answerTimeoutMs), late);
      outgoing.on('socket', socket => {
        const connected = () => {
          cancel();
          cancel = options.clock.after(options.answerTimeoutMs, late);
        };
        if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', connected);
        else connected();
      });
      outgoing.on('error', fail);
      outgoing.end(body);
    });
  }

  async function openOk(wanted: ApiRequest, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const response = await open(wanted, signal);
    const code = response.statusCode ?? 0;
    if (code >= 200 && code < 300) return response;
    throw new StatusError(statusOf(await readText(response, server), code));
  }

  async function* stream(wanted: ApiRequest, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const response = await openOk(wanted, signal);
    try {
      for await (const chunk of response) yield chunk;
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new UnreachableError(server, codeOf(cause), { cause });
    } finally {
      response.destroy();
    }
  }

  return {
    server,
    connection: { tls: options.tls, headers },
    async send(wanted, signal) {
      const response = await openOk(wanted, signal);
      const text = await readText(response, server);
      return parseJson(text) ?? text;
    },
    stream,
    async *watch(wanted, signal) {
      const bytes = stream({ ...wanted, query: { ...wanted.query, watch: true } }, signal);
      for await (const line of linesOf(bytes)) yield watchEventOf(line);
    },
    close: () => agent.destroy(),
  };
}

function parseServer(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new CliError(
      `the server address ${JSON.stringify(server)} is not a URL such as https://127.0.0.1:6443`,
    );
  return url;
}

function pathOf({ path, query = {} }: ApiRequest): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value));
  return given.size === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${given}`;
}

function codeOf(cause: unknown): string {
  return errorCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
}

export async function readText(response: IncomingMessage, server: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      size += chunk.length;
      if (size > ANSWER_BYTES_MAX) throw new CliError(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new UnreachableError(server, codeOf(cause), { cause });
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The Status that the API sent, or one made of the code where something else answered. */
export function statusOf(text: string, code: number): Status {
  const parsed = parseJson(text);
  const message = textAt(parsed, 'message');
  if (isRecord(parsed) && parsed.kind === 'Status') {
    const reason = textAt(parsed, 'reason');
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  }
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: text.trim().slice(0, 1000) || `the server answered with code ${code}`,
    code,
  };
}

function watchEventOf(line: string): WatchEvent {
  const parsed = parseJson(line);
  const type = textAt(parsed, 'type');
  if (type === undefined)
    throw new CliError(`the server sent a watch event that is none: ${line.slice(0, 200)}`);
  const object = at(parsed, 'object');
  if (type === 'ERROR')
    throw new StatusError(statusOf(JSON.stringify(object), Number(at(object, 'code') ?? 500)));
  return { type, object };
}

/** Splits bytes into lines without their ends. Throws CliError for a line longer than WATCH_LINE_BYTES_MAX. */
export async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      rest.push(chunk.subarray(start, end));
      yield Buffer.concat(rest).toString('utf8');
      rest = [];
      size = 0;
      start = end + 1;
    }
    rest.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > WATCH_LINE_BYTES_MAX) throw new CliError('the server sent an endless line');
  }
  const last = Buffer.concat(rest).toString('utf8');
  if (last !== '') yield last;
}
