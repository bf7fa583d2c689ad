/**
 * Turns a protobuf body into the JSON value that the same client would have sent as JSON. Knows the envelope, the table of messages
 * and the few messages that stand for one value; never what a kind means.
 */
import { type MessageField, messageFields, messageOfKind } from './messages.ts';
import { malformed, packedVarints, type WireField, wireFields } from './wire.ts';

/** What a body in protobuf begins with. Source: Kubernetes API concepts, "Protobuf encoding". */
const MAGIC = Buffer.from('k8s\0');

/** Depth at which an answer to a hostile message is no, as for JSON. Kubernetes's deepest kind needs about 12. */
const MAX_DEPTH = 64;

const NOTHING = Buffer.alloc(0);

/** The object in `body`. Throws ApiError BadRequest when it is malformed or no built-in kind. Pure; linear in the body's length. */
export function decodeProtobuf(body: Buffer): Record<string, unknown> {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed('it does not begin with "k8s\\0"');
  const envelope = delimitedFields(body.subarray(MAGIC.length));
  if (envelope.get(3)?.length) throw malformed(`contentEncoding: Unsupported value: "${envelope.get(3)}"`);
  const typeMeta = delimitedFields(envelope.get(1) ?? NOTHING);
  const [apiVersion, kind] = [String(typeMeta.get(1) ?? ''), String(typeMeta.get(2) ?? '')];
  if (apiVersion === '' || kind === '') throw malformed('its envelope names no apiVersion and kind');
  const message = messageOfKind(apiVersion, kind);
  if (message === undefined) throw malformed(`no kind "${kind}" is registered for version "${apiVersion}"`);
  const members: Members = new Map();
  readInto(members, message, envelope.get(2) ?? NOTHING, 0);
  return { apiVersion, kind, ...asRecord(members) };
}

/** The delimited fields of a message by number, the last of each. */
function delimitedFields(message: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (const { number, value } of wireFields(message))
    if (value.kind === 'delimited') found.set(number, value.bytes);
  return found;
}

type Members = Map<string, unknown>;

/** Unlike assignment, this makes an own member even of `__proto__`. */
function asRecord(members: Members): Record<string, unknown> {
  return Object.fromEntries(
    [...members].map(([name, value]) => [name, value instanceof Map ? Object.fromEntries(value) : value]),
  );
}

function readInto(members: Members, message: string, bytes: Buffer, depth: number): void {
  if (depth > MAX_DEPTH) throw malformed(`${message} is nested too deeply`);
  const fields = messageFields(message);
  for (const { number, value } of wireFields(bytes)) {
    // A newer client may know fields that the table does not; protobuf's readers pass over them.
    const field = fields?.get(number);
    if (field !== undefined) readField(members, { message, ...field }, value, depth);
  }
}

type Place = MessageField & { readonly message: string };

function readField(members: Members, field: Place, value: WireField['value'], depth: number): void {
  const { name, type } = field;
  const known = members.get(name);
  if (name === '') {
    readInto(members, type, bytesOf(field, value), depth + 1);
  } else if (type.startsWith('[]')) {
    const list: unknown[] = Array.isArray(known) ? known : [];
    members.set(name, list);
    for (const item of unpacked(type.slice(2), value))
      list.push(readValue(field, type.slice(2), item, depth));
  } else if (type.startsWith('{}')) {
    const map = known instanceof Map ? known : new Map<string, unknown>();
    members.set(name, map);
    const entry = delimitedFields(bytesOf(field, value));
    const bytes = entry.get(2) ?? NOTHING;
    map.set(String(entry.get(1) ?? ''), readValue(field, type.slice(2), { kind: 'delimited', bytes }, depth));
  } else {
    const read = readValue(field, type, value, depth);
    const isZero = read === '' || read === 0 || read === false;
    if (read === undefined || (field.omitsZero && isZero)) members.delete(name);
    else members.set(name, read);
  }
}

/** Readers of protobuf take a list of numbers packed into one field too. */
function unpacked(type: string, value: WireField['value']): WireField['value'][] {
  const isPacked = value.kind === 'delimited' && (type === 'int32' || type === 'int64' || type === 'bool');
  return isPacked ? packedVarints(value.bytes).map(bits => ({ kind: 'varint', bits })) : [value];
}

function bytesOf(field: Place, value: WireField['value']): Buffer {
  if (value.kind === 'delimited') return value.bytes;
  throw mistyped(field, value);
}

function mistyped({ message, name, type }: Place, value: WireField['value']) {
  return malformed(`${message}.${name} is a ${value.kind}, which cannot be read as ${type}`);
}

function readValue(field: Place, type: string, value: WireField['value'], depth: number): unknown {
  switch (type) {
    case 'bool':
    case 'int32':
    case 'int64':
      if (value.kind !== 'varint') throw mistyped(field, value);
      if (type === 'bool') return value.bits !== 0n;
      return Number(BigInt.asIntN(type === 'int32' ? 32 : 64, value.bits));
    case 'double':
      if (value.kind !== 'fixed64') throw mistyped(field, value);
      return finite(field, value.bytes.readDoubleLE(0));
    default:
      return readDelimited(field, type, bytesOf(field, value), depth);
  }
}

function readDelimited(field: Place, type: string, bytes: Buffer, depth: number): unknown {
  switch (type) {
    case 'string':
      return bytes.toString('utf8');
    case 'bytes':
      return bytes.toString('base64');
    case 'quantity':
      return delimitedFields(bytes).get(1)?.toString('utf8');
    case 'any':
      return embeddedJson(field, delimitedFields(bytes).get(1) ?? NOTHING);
    case 'time':
    case 'microTime':
      return timeText(field, type, bytes);
    case 'intOrString':
      return intOrString(bytes);
    default: {
      const members: Members = new Map();
      readInto(members, type, bytes, depth + 1);
      const isValue = [...(messageFields(type)?.values() ?? [])].some(({ name }) => name === '*');
      return isValue ? members.get('*') : asRecord(members);
    }
  }
}

function finite({ message, name }: Place, value: number): number {
  if (Number.isFinite(value)) return value;
  throw malformed(`${message}.${name} is ${value}, which JSON cannot hold`);
}

function embeddedJson({ message, name }: Place, bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw malformed(`${message}.${name}: ${error instanceof Error ? error.message : 'not JSON'}`);
  }
}

/** The varints of a message by number, as signed integers. */
function integersOf(bytes: Buffer): ReadonlyMap<number, bigint> {
  const found = new Map<number, bigint>();
  for (const { number, value } of wireFields(bytes))
    if (value.kind === 'varint') found.set(number, BigInt.asIntN(64, value.bits));
  return found;
}

/** Seconds of the years that RFC 3339 can write: 0000-01-01T00:00:00Z to 9999-12-31T23:59:59Z. */
const FIRST_SECOND = -62_167_219_200n;
const LAST_SECOND = 253_402_300_799n;

/** RFC 3339 from { seconds = 1, nanos = 2 }; nothing at all is Go's zero time, null in JSON. */
function timeText({ message, name }: Place, type: 'time' | 'microTime', bytes: Buffer): string | undefined {
  if (bytes.length === 0) return undefined;
  const parts = integersOf(bytes);
  const [seconds, nanos] = [parts.get(1) ?? 0n, parts.get(2) ?? 0n];
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos < 0n || nanos >= 1_000_000_000n)
    throw malformed(`${message}.${name}: ${seconds} seconds and ${nanos} nanoseconds is no time`);
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  return type === 'time' ? `${text}Z` : `${text}.${String(nanos / 1000n).padStart(6, '0')}Z`;
}

/** From { type = 1, intVal = 2, strVal = 3 }; type 1 is the string. */
function intOrString(bytes: Buffer): number | string {
  const integers = integersOf(bytes);
  if (integers.get(1) === 1n) return delimitedFields(bytes).get(3)?.toString('utf8') ?? '';
  return Number(BigInt.asIntN(32, integers.get(2) ?? 0n));
}
