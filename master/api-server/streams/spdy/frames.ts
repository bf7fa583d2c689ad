/** SPDY/3.1 frames, taken apart and put together. Pure. Source: SPDY protocol draft 3.1, 2.2 and 2.6. */
import { MAX_FRAME_BYTES } from '../limits.ts';
import { SpdyError } from './spdy-error.ts';

/** Header blocks stay as they are: only the connection can read them. */
export type Frame =
  | { readonly kind: 'data'; readonly stream: number; readonly isLast: boolean; readonly bytes: Buffer }
  | { readonly kind: 'synStream'; readonly stream: number; readonly isLast: boolean; readonly block: Buffer }
  | { readonly kind: 'synReply'; readonly stream: number; readonly isLast: boolean; readonly block: Buffer }
  | { readonly kind: 'headers'; readonly stream: number; readonly isLast: boolean; readonly block: Buffer }
  | { readonly kind: 'rstStream'; readonly stream: number; readonly status: number }
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'goAway'; readonly lastStream: number; readonly status: number }
  /** Neither is acted on, by us or by Kubernetes's clients: one connection carries one caller, and pauses as a whole. */
  | { readonly kind: 'settings' }
  | { readonly kind: 'windowUpdate'; readonly stream: number; readonly bytes: number };

/** Of RST_STREAM. */
export const RESET = { protocolError: 1, refused: 3, cancel: 5 } as const;

const VERSION = 3;
const TYPE = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;
const FLAG_FIN = 1;
const HEAD_BYTES = 8;
const STREAM_MASK = 0x7fffffff;

/** Reads every whole frame; `rest` is the beginning of the next one. Throws SpdyError at the first that is none, or too large. */
export function readFrames(bytes: Buffer): { readonly frames: readonly Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  while (bytes.length - at >= HEAD_BYTES) {
    const length = bytes.readUIntBE(at + 5, 3);
    if (length > MAX_FRAME_BYTES) throw new SpdyError(`a frame of ${length} bytes is too large`);
    const end = at + HEAD_BYTES + length;
    if (end > bytes.length) break;
    const frame = readFrame(bytes.subarray(at, at + HEAD_BYTES), bytes.subarray(at + HEAD_BYTES, end));
    if (frame !== undefined) frames.push(frame);
    at = end;
  }
  return { frames, rest: bytes.subarray(at) };
}

/** Undefined for a type that the draft does not know: such frames are passed over. [2.2.1] */
function readFrame(head: Buffer, body: Buffer): Frame | undefined {
  const word = head.readUInt32BE();
  const isLast = ((head[4] ?? 0) & FLAG_FIN) !== 0;
  if (word <= STREAM_MASK) return { kind: 'data', stream: word, isLast, bytes: body };
  const version = (word >>> 16) & 0x7fff;
  if (version !== VERSION) throw new SpdyError(`SPDY/${version} is not spoken here`);
  const number = (offset: number) => {
    if (offset + 4 > body.length) throw new SpdyError('a frame is shorter than its type needs');
    return body.readUInt32BE(offset);
  };
  const stream = () => number(0) & STREAM_MASK;
  switch (word & 0xffff) {
    case TYPE.synStream:
      // After the stream: the one it belongs to, a priority and a slot, ten bytes in all.
      if (body.length < 10) throw new SpdyError('a frame is shorter than its type needs');
      return { kind: 'synStream', stream: stream(), isLast, block: body.subarray(10) };
    case TYPE.synReply:
      return { kind: 'synReply', stream: stream(), isLast, block: body.subarray(4) };
    case TYPE.headers:
      return { kind: 'headers', stream: stream(), isLast, block: body.subarray(4) };
    case TYPE.rstStream:
      return { kind: 'rstStream', stream: stream(), status: number(4) };
    case TYPE.ping:
      return { kind: 'ping', id: number(0) };
    case TYPE.goAway:
      return { kind: 'goAway', lastStream: stream(), status: number(4) };
    case TYPE.windowUpdate:
      return { kind: 'windowUpdate', stream: stream(), bytes: number(4) & STREAM_MASK };
    case TYPE.settings:
      return { kind: 'settings' };
    default:
      return undefined;
  }
}

/** The bytes of one frame. */
export function writeFrame(frame: Frame): Buffer {
  switch (frame.kind) {
    case 'data': {
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt32BE(frame.stream);
      head[4] = frame.isLast ? FLAG_FIN : 0;
      head.writeUIntBE(frame.bytes.length, 5, 3);
      return Buffer.concat([head, frame.bytes]);
    }
    case 'synStream':
      return control(frame, [frame.stream, 0], Buffer.concat([Buffer.alloc(2), frame.block]));
    case 'synReply':
    case 'headers':
      return control(frame, [frame.stream], frame.block);
    case 'rstStream':
      return control(frame, [frame.stream, frame.status]);
    case 'ping':
      return control(frame, [frame.id]);
    case 'goAway':
      return control(frame, [frame.lastStream, frame.status]);
    case 'windowUpdate':
      return control(frame, [frame.stream, frame.bytes]);
    case 'settings':
      // The number of settings: none.
      return control(frame, [0]);
  }
}

function control(
  frame: Exclude<Frame, { readonly kind: 'data' }>,
  words: readonly number[],
  tail: Buffer = Buffer.alloc(0),
): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + words.length * 4);
  bytes.writeUInt16BE(0x8000 | VERSION);
  bytes.writeUInt16BE(TYPE[frame.kind], 2);
  bytes[4] = 'isLast' in frame && frame.isLast ? FLAG_FIN : 0;
  bytes.writeUIntBE(words.length * 4 + tail.length, 5, 3);
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word, HEAD_BYTES + index * 4);
  return Buffer.concat([bytes, tail]);
}
