import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Frame, readFrames, writeFrame } from './frames.ts';
import { SpdyError } from './spdy-error.ts';

const stream = fc.integer({ min: 0, max: 0x7fffffff });
const word = fc.integer({ min: 0, max: 0xffffffff });
const bytes = fc.uint8Array({ maxLength: 300 }).map(content => Buffer.from(content));
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('data' as const), stream, isLast: fc.boolean(), bytes }),
  fc.record({ kind: fc.constant('synStream' as const), stream, isLast: fc.boolean(), block: bytes }),
  fc.record({ kind: fc.constant('synReply' as const), stream, isLast: fc.boolean(), block: bytes }),
  fc.record({ kind: fc.constant('headers' as const), stream, isLast: fc.boolean(), block: bytes }),
  fc.record({ kind: fc.constant('rstStream' as const), stream, status: word }),
  fc.record({ kind: fc.constant('ping' as const), id: word }),
  fc.record({ kind: fc.constant('goAway' as const), lastStream: stream, status: word }),
  fc.record({ kind: fc.constant('windowUpdate' as const), stream, bytes: stream }),
  fc.constant({ kind: 'settings' as const }),
);

it('reads what it writes, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(frame), fc.nat(), (frames, cut) => {
      const wire = Buffer.concat(frames.map(writeFrame));
      const at = cut % (wire.length + 1);
      const first = readFrames(wire.subarray(0, at));
      const second = readFrames(Buffer.concat([first.rest, wire.subarray(at)]));
      expect([...first.frames, ...second.frames]).toEqual(frames);
      expect(second.rest.length).toBe(0);
    }),
  );
});

it('reads any bytes, or says that they are no SPDY', () => {
  const control = fc
    .tuple(fc.constantFrom(1, 2, 3, 4, 6, 7, 8, 9, 12), bytes)
    .map(([type, body]) => Buffer.concat([Buffer.of(0x80, 3, 0, type, 0, 0, 0, body.length & 0xff), body]));
  fc.assert(
    fc.property(fc.oneof(bytes, control), wire => {
      try {
        expect(readFrames(wire).rest.length).toBeLessThanOrEqual(wire.length);
      } catch (error) {
        expect(error).toBeInstanceOf(SpdyError);
      }
    }),
  );
});

it.each([
  ['another version', '8002000100000000'],
  ['a frame too large to wait for', '00000001ffffffff'],
  ['a ping without its number', '8003000600000000'],
])('refuses %s', (_name, hex) => {
  expect(() => readFrames(Buffer.from(hex, 'hex'))).toThrow(SpdyError);
});
