import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrameMeter } from './frame-meter.ts';

function packet(bodyBytes: number): Buffer {
  const length: number[] = [];
  for (let rest = bodyBytes; ; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) + (rest >= 128 ? 128 : 0));
    if (rest < 128) break;
  }
  return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(bodyBytes, 0xff)]);
}

/** Cuts the bytes at these places; true when every piece was accepted. */
function accepts(bytes: Buffer, cuts: readonly number[], maxBytes: number): boolean {
  const meter = createFrameMeter();
  const places = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places
    .slice(1)
    .every((end, index) => meter.accept(bytes.subarray(places[index] ?? 0, end), maxBytes));
}

test('packets within the bound pass, and one above it does not, however they are cut', () => {
  const sizes = fc.array(fc.nat(20_000), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(), { maxLength: 8 }), (bodies, cuts) => {
      const bytes = Buffer.concat(bodies.map(packet));
      const largest = Math.max(...bodies);
      expect(accepts(bytes, cuts, largest)).toBe(true);
      if (largest > 0) expect(accepts(bytes, cuts, largest - 1)).toBe(false);
    }),
  );
});

test('a length of more than four digits is refused [MQTT-2.2.3]', () => {
  expect(createFrameMeter().accept(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80]), 2 ** 40)).toBe(false);
});
