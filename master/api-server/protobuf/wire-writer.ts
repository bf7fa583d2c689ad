/** Writes protobuf's wire format, field by field; a message is its fields one after the other. */

/** A number in base 128, the low seven bits first. Negative ones as 64 bits in two's complement. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export function varintField(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

/** A string, bytes, or a message made of its fields. */
export function delimitedField(number: number, content: string | Buffer | readonly Buffer[]): Buffer {
  const bytes = typeof content === 'string' || Buffer.isBuffer(content) ? [Buffer.from(content)] : content;
  const length = bytes.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([varint((number << 3) | 2), varint(length), ...bytes]);
}
