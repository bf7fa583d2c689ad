/** One HTTP request and its answer: what the handlers see of the network, over HTTP/1.1 and HTTP/2 alike. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { gzip } from 'node:zlib';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { ANONYMOUS, type Identity } from '../auth/identity.ts';
import { GZIP_THRESHOLD_BYTES, MAX_BODY_BYTES } from './limits.ts';
import type { RequestLabels } from './prometheus/request-count.ts';
import { isFlagSet } from './query-flag.ts';
import type { Upgrade } from './streams/upgrade.ts';

export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

export class Exchange {
  readonly method: string;
  readonly url: URL;
  /** Who asks; ANONYMOUS until the server knows. */
  identity: Identity = ANONYMOUS;
  /** What it is counted as, once it is known to ask for something that is served. */
  counted: RequestLabels | undefined;
  /** There when the client asks to go on in another protocol. */
  readonly upgrade: Upgrade | undefined;
  /** As they came: for the one handler that passes them on. */
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  private readonly gone = new AbortController();
  private readonly serverSignal: AbortSignal;
  private combined: AbortSignal | undefined;
  private isHandedOver = false;
  private isClosed = false;
  private readonly closeCallbacks: (() => void)[] = [];

  constructor(
    request: HttpRequest,
    response: HttpResponse,
    url: URL,
    serverSignal: AbortSignal,
    upgrade?: Upgrade,
  ) {
    this.request = request;
    this.response = response;
    this.method = request.method ?? 'GET';
    this.url = url;
    this.upgrade = upgrade;
    this.serverSignal = serverSignal;
    let isFinished = false;
    response.once('finish', () => {
      isFinished = true;
    });
    const close = () => {
      if (!isFinished) this.gone.abort();
      this.isClosed = true;
      for (const callback of this.closeCallbacks.splice(0)) callback();
    };
    response.once('close', close);
    upgrade?.socket.once('close', close);
    // A client that broke off shows as an error of the write under way; it is gone, and that is all.
    response.on('error', () => this.gone.abort());
  }

  /** Aborts when the client goes away before it has its answer, or the server stops. */
  get signal(): AbortSignal {
    this.combined ??= AbortSignal.any([this.gone.signal, this.serverSignal]);
    return this.combined;
  }

  private get isGone(): boolean {
    return this.gone.signal.aborted || this.serverSignal.aborted;
  }

  /** Calls back once, when the answer has left whole or its client is gone. */
  onceClosed(callback: () => void): void {
    if (this.isClosed) callback();
    else this.closeCallbacks.push(callback);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  query(name: string): string | undefined {
    return this.url.searchParams.get(name) ?? undefined;
  }

  flag(name: string): boolean {
    return isFlagSet(this.url.searchParams, name);
  }

  /** The whole body. Throws ApiError RequestEntityTooLarge. */
  body(): Promise<Buffer> {
    const { request } = this;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
        else {
          request.pause();
          reject(
            new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`),
          );
        }
      });
      const broken = () => reject(new ApiError('BadRequest', 'the body of the request ended too early'));
      request.once('error', broken);
      request.once('close', broken);
      request.once('end', () => {
        request.off('close', broken);
        resolve(Buffer.concat(chunks));
      });
    });
  }

  /** Adds a warning that kubectl prints. [RFC 7234 5.5] */
  warn(messages: readonly string[]): void {
    if (messages.length === 0) return;
    this.response.setHeader(
      'Warning',
      messages.map(message => `299 - ${JSON.stringify(message)}`).join(', '),
    );
  }

  /** Sends JSON text and ends; compressed when it is large and the client reads gzip. */
  sendJson(code: number, text: string, contentType = 'application/json'): void {
    this.response.setHeader('Vary', 'Accept, Accept-Encoding');
    this.send(code, contentType, text);
  }

  send(
    code: number,
    contentType: string,
    content: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    const bytes = Buffer.from(content);
    this.response.statusCode = code;
    this.response.setHeader('Content-Type', contentType);
    this.response.setHeader('Cache-Control', 'no-cache, private');
    for (const [name, value] of Object.entries(headers)) this.response.setHeader(name, value);
    const isCompressed =
      bytes.length > GZIP_THRESHOLD_BYTES && /\bgzip\b/.test(this.header('accept-encoding') ?? '');
    if (!isCompressed) this.end(bytes);
    // In zlib's own thread: a list of ten thousand pods would hold up every heartbeat otherwise.
    else
      gzip(bytes, { level: 1 }, (error, compressed) => {
        if (this.isGone) return;
        if (error === null) this.response.setHeader('Content-Encoding', 'gzip');
        this.end(error === null ? compressed : bytes);
      });
  }

  private end(payload: Uint8Array): void {
    // Not modified: the length would be that of the content the client has. [RFC 9110 8.6]
    if (this.response.statusCode !== 304) this.response.setHeader('Content-Length', payload.length);
    // A typed view of the one call that HTTP/1.1 and HTTP/2 share.
    const response: { end(chunk: Uint8Array): unknown } = this.response;
    response.end(payload);
  }

  /** Begins an answer that goes on; the headers leave at once, because clients wait for them before anything else. */
  startStream(contentType: string): void {
    this.response.statusCode = 200;
    this.response.setHeader('Content-Type', contentType);
    this.response.setHeader('Cache-Control', 'no-cache, private');
    if ('flushHeaders' in this.response) this.response.flushHeaders();
    else this.response.writeHead(200);
  }

  /** Writes a piece of a started answer; resolves when the client has room for more, or is gone. */
  async write(piece: string | Uint8Array): Promise<void> {
    if (this.isGone) return;
    const response: { write(chunk: string | Uint8Array): boolean } = this.response;
    if (response.write(piece)) return;
    await new Promise<void>(resolve => {
      const resume = () => {
        this.response.off('drain', resume);
        this.signal.removeEventListener('abort', resume);
        resolve();
      };
      this.response.on('drain', resume);
      this.signal.addEventListener('abort', resume, { once: true });
    });
  }

  endStream(): void {
    this.response.end();
  }

  /** From now on the upgraded connection belongs to whoever serves it, and no answer can be sent. */
  handOver(): void {
    this.isHandedOver = true;
    if (this.upgrade !== undefined && 'detachSocket' in this.response)
      this.response.detachSocket(this.upgrade.socket);
  }

  /** Of the answer. */
  get code(): number {
    return this.isHandedOver ? 101 : this.response.statusCode;
  }

  get isStarted(): boolean {
    return this.response.headersSent || this.isHandedOver;
  }
}
