/**
 * One call of grpc.health.v1.Health/Check: a unary call is one HTTP/2 request whose body is a length-prefixed protobuf message.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md and doc/health-checking.md
 */
import { type ClientHttp2Session, connect } from 'node:http2';
import { KUBERNETES_VERSION } from '../../shared/version.ts';
import { connectFault } from './http-get.ts';
import { ANSWER_BYTES_MAX } from './limits.ts';
import { hostAndPort } from './ports.ts';

export type HealthAnswer =
  /** `serving` is the name of grpc.health.v1's ServingStatus. */
  | { readonly kind: 'answered'; readonly serving: string }
  /** gRPC's own status, not OK: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
  | { readonly kind: 'refused'; readonly code: number; readonly message: string };

/** Code of a method or service that the server does not have. */
export const UNIMPLEMENTED = 12;
const UNKNOWN = 2;

const SERVING = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** Asks for a service by name, or with an empty one for the server as a whole. Throws what the connection says; rejects with the signal's reason. */
export async function grpcCheck(
  { host, port, service }: { readonly host: string; readonly port: number; readonly service: string },
  signal: AbortSignal,
): Promise<HealthAnswer> {
  signal.throwIfAborted();
  const authority = hostAndPort(host, port);
  const session = connect(`http://${authority}`);
  const onAbort = () => session.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await call(session, service);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(connectFault(error), { cause: error });
  } finally {
    signal.removeEventListener('abort', onAbort);
    session.destroy();
  }
}

function call(session: ClientHttp2Session, service: string): Promise<HealthAnswer> {
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': `kube-probe/${KUBERNETES_VERSION.replace(/^v(\d+\.\d+).*/, '$1')}`,
    });
    let httpStatus = 0;
    let status: unknown;
    let message: unknown;
    const pieces: Buffer[] = [];
    let bytes = 0;
    const note = (headers: Readonly<Record<string, unknown>>) => {
      status = headers['grpc-status'] ?? status;
      message = headers['grpc-message'] ?? message;
    };
    stream.on('response', headers => {
      httpStatus = headers[':status'] ?? 0;
      note(headers);
    });
    stream.on('trailers', note);
    stream.on('data', (piece: Buffer) => {
      if (bytes < ANSWER_BYTES_MAX) pieces.push(piece);
      bytes += piece.length;
    });
    // A lost connection reaches the stream first, as the cause of its end.
    stream.on('error', error => reject(error.cause ?? error));
    stream.on('close', () => reject(new Error('the connection was closed before an answer came')));
    stream.on('end', () => {
      if (Number(status) === 0 && status !== undefined) {
        resolve({ kind: 'answered', serving: servingOf(Buffer.concat(pieces)) });
        return;
      }
      const words =
        typeof message === 'string' ? decodeMessage(message) : `unexpected HTTP status ${httpStatus}`;
      resolve({ kind: 'refused', code: status === undefined ? UNKNOWN : Number(status), message: words });
    });
    stream.end(frame(requestOf(service)));
  });
}

/** HealthCheckRequest: field 1 is the service, a string. */
function requestOf(service: string): Buffer {
  const name = Buffer.from(service);
  return name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** Not compressed, and its length. */
function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** HealthCheckResponse: field 1 is the status, an enum; absent, as protobuf has it, is 0. */
function servingOf(body: Buffer): string {
  const message = body.subarray(5);
  const value = message[0] === 0x08 ? (message[1] ?? 0) : 0;
  return SERVING[value] ?? String(value);
}

/** Percent-encoded in part; what is not, or wrongly, stays as it is. */
function decodeMessage(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
