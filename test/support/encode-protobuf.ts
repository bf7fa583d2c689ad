/** The opposite of the API server's protobuf decoder, written from the same table as Kubernetes's Go clients write. */
import { type MessageField, messageFields } from '../../master/api-server/protobuf/messages.ts';
import { delimitedField, varint, varintField } from '../../master/api-server/protobuf/wire-writer.ts';
import { isRecord } from '../../shared/is-record.ts';

/** An object of a built-in kind as a client sends it: envelope and message. */
export function encodeProtobuf(message: string, object: Record<string, unknown>): Buffer {
  const { apiVersion, kind, ...members } = object;
  const typeMeta = [delimitedField(1, String(apiVersion)), delimitedField(2, String(kind))];
  const raw = encodeMessage(message, members);
  // Empty contentEncoding and contentType, as client-go sends them.
  return Buffer.concat([
    Buffer.from('k8s\0'),
    ...[delimitedField(1, typeMeta), delimitedField(2, raw), delimitedField(3, ''), delimitedField(4, '')],
  ]);
}

function encodeMessage(message: string, value: unknown): Buffer[] {
  const fields = [...(messageFields(message)?.values() ?? [])];
  return fields.flatMap(field => encodeField(field, value));
}

function encodeField({ number, name, type }: MessageField, owner: unknown): Buffer[] {
  if (name === '') return [delimitedField(number, encodeMessage(type, owner))];
  const value = name === '*' ? (isOf(type, owner) ? owner : undefined) : isRecord(owner) && owner[name];
  if (value === undefined || (isRecord(owner) && name !== '*' && !Object.hasOwn(owner, name))) return [];
  if (type.startsWith('[]') && Array.isArray(value))
    return value.map(item => encodeValue(number, type.slice(2), item));
  if (type.startsWith('{}') && isRecord(value))
    return Object.entries(value).map(([key, item]) =>
      delimitedField(number, [delimitedField(1, key), encodeValue(2, type.slice(2), item)]),
    );
  return [encodeValue(number, type, value)];
}

/** Which of the messages that stand for a value this value is. */
function isOf(type: string, value: unknown): boolean {
  if (type.startsWith('[]')) return Array.isArray(value);
  return type === 'bool' ? typeof value === 'boolean' : isRecord(value);
}

function encodeValue(number: number, type: string, value: unknown): Buffer {
  switch (type) {
    case 'bool':
    case 'int32':
    case 'int64':
      return varintField(number, Number(value));
    case 'double': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(Number(value));
      return Buffer.concat([varint((number << 3) | 1), bytes]);
    }
    case 'string':
      return delimitedField(number, String(value));
    case 'bytes':
      return delimitedField(number, Buffer.from(String(value), 'base64'));
    case 'quantity':
      return delimitedField(number, [delimitedField(1, String(value))]);
    case 'any':
      return delimitedField(number, [delimitedField(1, JSON.stringify(value))]);
    case 'time':
    case 'microTime': {
      const [, fraction = ''] = /\.(\d+)Z$/.exec(String(value)) ?? [];
      const seconds = Math.floor(Date.parse(String(value)) / 1000);
      const nanos = Number(fraction.padEnd(9, '0'));
      return delimitedField(number, [varintField(1, seconds), varintField(2, nanos)]);
    }
    case 'intOrString': {
      const isText = typeof value === 'string';
      const [type, text, integer] = [Number(isText), isText ? value : '', isText ? 0 : Number(value)];
      return delimitedField(number, [varintField(1, type), varintField(2, integer), delimitedField(3, text)]);
    }
    default:
      return delimitedField(number, encodeMessage(type, value));
  }
}
