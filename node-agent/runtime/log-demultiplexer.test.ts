import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LogDemultiplexer } from './log-demultiplexer.ts';

type Frame = { readonly stream: 'stdout' | 'stderr'; readonly text: string };

function encode(frames: readonly Frame[]): Buffer {
  return Buffer.concat(
    frames.map(({ stream, text }) => {
      const bytes = Buffer.from(text);
      const header = Buffer.alloc(8);
      header[0] = stream === 'stdout' ? 1 : 2;
      header.writeUInt32BE(bytes.length, 4);
      return Buffer.concat([header, bytes]);
    }),
  );
}

it('gives the same output however the stream is cut', () => {
  const frame = fc.record({
    stream: fc.constantFrom('stdout' as const, 'stderr' as const),
    text: fc.string(),
  });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat(40)), (frames, sizes) => {
      const bytes = encode(frames);
      const demultiplexer = new LogDemultiplexer();
      const chunks = [];
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        chunks.push(...demultiplexer.push(bytes.subarray(at, at + size)));
        at += size;
      }
      for (const stream of ['stdout', 'stderr'] as const) {
        const want = frames.filter(each => each.stream === stream).map(each => each.text);
        const got = chunks.filter(each => each.stream === stream).map(each => Buffer.from(each.bytes));
        expect(Buffer.concat(got).toString()).toBe(want.join(''));
      }
    }),
  );
});

it('holds no part of a frame back until the rest comes', () => {
  const demultiplexer = new LogDemultiplexer();
  const bytes = encode([{ stream: 'stderr', text: 'half' }]);
  expect(demultiplexer.push(bytes.subarray(0, 10))).toEqual([{ stream: 'stderr', bytes: Buffer.from('ha') }]);
});

it('joins the lines of one output, up to where the other speaks', () => {
  const line = (stream: Frame['stream'], text: string): Frame => ({ stream, text });
  const frames = [line('stdout', '1\n'), line('stdout', '2\n'), line('stderr', '3\n'), line('stdout', '4\n')];
  const chunks = new LogDemultiplexer().push(encode(frames));
  expect(chunks.map(({ stream, bytes }) => [stream, Buffer.from(bytes).toString()])).toEqual([
    ['stdout', '1\n2\n'],
    ['stderr', '3\n'],
    ['stdout', '4\n'],
  ]);
});
