import { constants, createDeflate, createInflate, type Deflate, deflateSync, type Inflate } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_HEADER_BYTES } from '../limits.ts';
import { DICTIONARY } from './dictionary.ts';
import { type Headers, type HeaderWindow, headerBlock, readHeaderBlock } from './header-block.ts';
import { SpdyError } from './spdy-error.ts';

const headers: fc.Arbitrary<Headers> = fc
  .dictionary(
    fc.oneof(fc.constantFrom('streamtype', 'port', 'requestid'), fc.stringMatching(/^[a-z-]{1,20}$/)),
    fc.string({ maxLength: 200 }),
    { maxKeys: 8 },
  )
  .map(values => new Map(Object.entries(values)));

/** What another implementation's zlib makes of one piece, up to the flush behind it. */
function flushed(zlib: Deflate | Inflate, piece: Buffer): Promise<Buffer> {
  const out: Buffer[] = [];
  const take = (chunk: Buffer) => out.push(chunk);
  zlib.on('data', take);
  return new Promise((resolve, reject) => {
    zlib.once('error', reject);
    zlib.write(piece);
    zlib.flush(constants.Z_SYNC_FLUSH, () => {
      zlib.off('data', take).removeAllListeners('error');
      resolve(Buffer.concat(out));
    });
  });
}

/** The text within a block, as the draft has it. */
function textOf(values: Headers): Buffer {
  const stored = headerBlock(values, { isFirst: false });
  return stored.subarray(5, stored.length - 5);
}

describe('header blocks', () => {
  it('have the dictionary of the draft', () => {
    expect(deflateSync('', { dictionary: DICTIONARY }).subarray(0, 6).toString('hex')).toBe('78bbe3c6a7c2');
  });

  it('are read as zlib writes them, block after block', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(headers, { maxLength: 40 }), async blocks => {
        const deflate = createDeflate({ dictionary: DICTIONARY });
        let window: HeaderWindow;
        for (const block of blocks) {
          const read = readHeaderBlock(window, await flushed(deflate, textOf(block)));
          expect(read.headers).toEqual(block);
          window = read.window;
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are written as zlib reads them, block after block', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(headers, { maxLength: 10 }), async blocks => {
        const inflate = createInflate({ dictionary: DICTIONARY });
        for (const [index, block] of blocks.entries())
          expect(await flushed(inflate, headerBlock(block, { isFirst: index === 0 }))).toEqual(textOf(block));
      }),
      { numRuns: 50 },
    );
  });

  it('are refused when they are none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (content, isFirst) => {
        try {
          readHeaderBlock(isFirst ? undefined : DICTIONARY, Buffer.from(content));
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyError);
        }
      }),
    );
  });

  it('are refused when they would inflate to much', () => {
    const bomb = deflateSync(Buffer.alloc(MAX_HEADER_BYTES * 100), { dictionary: DICTIONARY });
    expect(() => readHeaderBlock(undefined, bomb)).toThrow(SpdyError);
  });
});
