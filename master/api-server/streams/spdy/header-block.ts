/**
 * SPDY/3 header blocks. One zlib stream runs through all blocks of a connection's direction, flushed to a byte after each;
 * all that such a flush leaves behind is the last 32 KiB of text, so that a block is read, and written, as a plain function.
 * Source: SPDY protocol draft 3.1, 2.6.10.
 */
import { constants, deflateSync, inflateRawSync } from 'node:zlib';
import { MAX_HEADER_BYTES } from '../limits.ts';
import { DICTIONARY } from './dictionary.ts';
import { SpdyError } from './spdy-error.ts';

/** Names are lower-case; several values of one name are joined by NUL, as on the wire. */
export type Headers = ReadonlyMap<string, string>;

const WINDOW_BYTES = 32 * 1024;
/** Two bytes of zlib header and the checksum of the dictionary. */
const ZLIB_HEADER = deflateSync('', { dictionary: DICTIONARY }).subarray(0, 6);
const HAS_DICTIONARY = 0x20;
/** An empty stored block: Go's reader hands on what it has only when it meets one. */
const SYNC_FLUSH = Buffer.of(0, 0, 0, 0xff, 0xff);

/** What a connection has said in headers so far; undefined before its first block. */
export type HeaderWindow = Buffer | undefined;

/** Reads one block. Throws SpdyError for what is no block, or a too large one. */
export function readHeaderBlock(
  window: HeaderWindow,
  block: Buffer,
): { readonly headers: Headers; readonly window: HeaderWindow } {
  const deflated = window === undefined ? withoutZlibHeader(block) : block;
  const dictionary = window ?? DICTIONARY;
  let text: Buffer;
  try {
    text = inflateRawSync(deflated, {
      dictionary,
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: MAX_HEADER_BYTES,
    });
  } catch (cause) {
    throw new SpdyError('a header block does not inflate', { cause });
  }
  return { headers: parseHeaders(text), window: Buffer.concat([dictionary, text]).subarray(-WINDOW_BYTES) };
}

function withoutZlibHeader(block: Buffer): Buffer {
  const [method = 0, flags = 0] = block;
  if ((method & 0x0f) !== 8 || (method * 256 + flags) % 31 !== 0)
    throw new SpdyError('the first header block is no zlib stream');
  return block.subarray(flags & HAS_DICTIONARY ? 6 : 2);
}

function parseHeaders(text: Buffer): Headers {
  const headers = new Map<string, string>();
  let at = 0;
  const number = () => {
    if (at + 4 > text.length) throw new SpdyError('a header block is cut short');
    at += 4;
    return text.readUInt32BE(at - 4);
  };
  const word = () => {
    const length = number();
    if (at + length > text.length) throw new SpdyError('a header block is cut short');
    at += length;
    return text.toString('utf8', at - length, at);
  };
  // Each takes at least eight bytes: a count that lies ends at the end of the text.
  for (let left = number(); left > 0; left--) {
    const name = word().toLowerCase();
    headers.set(name, word());
  }
  return headers;
}

/** A block for the wire, stored and not compressed: ours are empty or short, and nothing has to be remembered for the next. */
export function headerBlock(headers: Headers, { isFirst }: { readonly isFirst: boolean }): Buffer {
  const text = Buffer.concat([
    uint32(headers.size),
    ...[...headers].flatMap(([name, value]) => [prefixed(name), prefixed(value)]),
  ]);
  const stored = Buffer.alloc(5);
  stored.writeUInt16LE(text.length, 1);
  stored.writeUInt16LE(~text.length & 0xffff, 3);
  return Buffer.concat([...(isFirst ? [ZLIB_HEADER] : []), stored, text, SYNC_FLUSH]);
}

function prefixed(word: string): Buffer {
  const bytes = Buffer.from(word, 'utf8');
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
