/** Protobuf's wire format: a message's bytes as its numbered values. Source: protobuf.dev, "Encoding". */
import { ApiError } from '../../../shared/kubernetes/api-error.ts';

/** One value as it stands in a message; `value` is the varint, the fixed bytes or the delimited bytes. */
export type WireField = {
  readonly number: number;
  readonly value:
    | { readonly kind: 'varint'; readonly bits: bigint }
    | { readonly kind: 'fixed64' | 'fixed32' | 'delimited'; readonly bytes: Buffer };
};

/** The error of a body that is no protobuf of a known kind. */
export function malformed(why: string): ApiError {
  return new ApiError('BadRequest', `couldn't read the protobuf body: ${why}`);
}

/** The values of a message, in the order of its bytes. Throws ApiError BadRequest at the first that is malformed. */
export function* wireFields(message: Buffer): Generator<WireField> {
  let at = 0;
  const varint = (): bigint => {
    let bits = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw malformed('it ends within a number');
      bits |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, bits);
    }
    throw malformed('a number is longer than ten bytes');
  };
  const take = (length: bigint | number): Buffer => {
    if (length > message.length - at) throw malformed('it ends within a field');
    at += Number(length);
    return message.subarray(at - Number(length), at);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    if (number === 0 || number >= 2 ** 29) throw malformed(`there is no field number ${number}`);
    switch (tag & 7n) {
      case 0n:
        yield { number, value: { kind: 'varint', bits: varint() } };
        break;
      case 1n:
        yield { number, value: { kind: 'fixed64', bytes: take(8) } };
        break;
      case 2n:
        yield { number, value: { kind: 'delimited', bytes: take(varint()) } };
        break;
      case 5n:
        yield { number, value: { kind: 'fixed32', bytes: take(4) } };
        break;
      default:
        throw malformed(`field ${number} has the wire type ${tag & 7n}`);
    }
  }
}

/** The varints of a packed list. Throws ApiError BadRequest. */
export function packedVarints(bytes: Buffer): bigint[] {
  const found: bigint[] = [];
  let bits = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    if (shift >= 70n) throw malformed('a number is longer than ten bytes');
    bits |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    found.push(BigInt.asUintN(64, bits));
    bits = 0n;
    shift = 0n;
  }
  if (shift !== 0n) throw malformed('it ends within a number');
  return found;
}
