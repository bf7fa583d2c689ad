/**
 * The one walker over the generated field tables: it decodes what a client sent into an object of known shape.
 * Kubernetes decodes first (types, unknown fields) and validates afterwards; so do we.
 */
import { isRecord } from '../../shared/is-record.ts';
import type { StatusCause } from '../../shared/kubernetes/api-error.ts';
import generated from '../../shared/kubernetes/generated/schema.json' with { type: 'json' };
import { isQuantity } from '../../shared/quantity.ts';
import { isKeptEmpty } from './markers.ts';

export type TypeSchema = {
  readonly fields: Readonly<Record<string, string>>;
  readonly required: readonly string[];
};

const TYPES: ReadonlyMap<string, TypeSchema> = new Map(Object.entries(generated));

/** Depth at which an answer to a hostile document is no. Kubernetes's deepest type needs about 12. */
const MAX_DEPTH = 64;

/** The fields of a type by its table name; undefined for a scalar. */
export function typeSchema(name: string): TypeSchema | undefined {
  return TYPES.get(name);
}

/** The element expression of `[]T` or `{}T`; undefined for all else. */
export function elementType(expression: string): string | undefined {
  return expression.startsWith('[]') || expression.startsWith('{}') ? expression.slice(2) : undefined;
}

export type Decoded = {
  /** A copy with only known fields, as Kubernetes's own structs would hold it: null members are absent, and most empty lists and maps. */
  readonly value: unknown;
  /** Paths of fields that the type does not have. */
  readonly unknown: readonly string[];
  /** Values of a wrong type, one sentence each. */
  readonly mistyped: readonly string[];
};

/** Decodes `value` as the type that `expression` names. Never throws. */
export function decode(expression: string, value: unknown): Decoded {
  return read(expression, value, false);
}

/** The same, but what is null or empty stays: who applies it says something by it. */
export function decodeConfiguration(expression: string, value: unknown): Decoded {
  return read(expression, value, true);
}

function read(expression: string, value: unknown, keepsEmpty: boolean): Decoded {
  const faults: Faults = { unknown: [], mistyped: [], keepsEmpty };
  const decoded = walk(expression, value, '', 0, faults);
  return { value: decoded, unknown: faults.unknown, mistyped: faults.mistyped };
}

type Faults = { readonly unknown: string[]; readonly mistyped: string[]; readonly keepsEmpty: boolean };

function walk(expression: string, value: unknown, path: string, depth: number, faults: Faults): unknown {
  if (value === undefined) return undefined;
  if (value === null) return faults.keepsEmpty ? null : undefined;
  const say = (want: string) => {
    faults.mistyped.push(`${path || 'object'}: cannot read ${describe(value)} as ${want}`);
    return undefined;
  };
  if (depth > MAX_DEPTH) return say('anything: nested too deeply');
  if (expression.startsWith('[]')) {
    if (!Array.isArray(value)) return say('a list');
    return value.map((item, index) =>
      walk(expression.slice(2), item, `${path}[${index}]`, depth + 1, faults),
    );
  }
  if (expression.startsWith('{}')) {
    if (!isRecord(value)) return say('a map');
    return fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        // To Go, null is no value of a string, and a map's member is there all the same.
        item === null && expression === '{}string' && !faults.keepsEmpty
          ? ''
          : walk(expression.slice(2), item, `${path}.${key}`, depth + 1, faults),
      ]),
    );
  }
  if (expression === 'schemaOrBool')
    return typeof value === 'boolean' ? value : walk('V1JSONSchemaProps', value, path, depth, faults);
  const type = TYPES.get(expression);
  if (type !== undefined)
    return isRecord(value) ? walkType(expression, type, value, path, depth, faults) : say('an object');
  return isScalar(expression, value) ? value : say(SCALAR_NAMES[expression] ?? expression);
}

function walkType(
  typeName: string,
  type: TypeSchema,
  value: Record<string, unknown>,
  path: string,
  depth: number,
  faults: Faults,
): unknown {
  const entries: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`;
    const expression = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
    if (expression === undefined) faults.unknown.push(at);
    else if (faults.keepsEmpty || !isAsGoodAsAbsent(typeName, name, expression, member))
      entries.push([name, walk(expression, member, at, depth + 1, faults)]);
  }
  return fromEntries(entries);
}

/** A list or map that is as good as absent. Not so a client's `managedFields`, which by being empty say that nobody owns anything. */
function isAsGoodAsAbsent(type: string, field: string, expression: string, value: unknown): boolean {
  return isEmptyCollection(expression, value) && !isKeptEmpty(type, field) && field !== 'managedFields';
}

function isEmptyCollection(expression: string, value: unknown): boolean {
  if (expression.startsWith('[]')) return Array.isArray(value) && value.length === 0;
  return expression.startsWith('{}') && isRecord(value) && Object.keys(value).length === 0;
}

/** Unlike assignment, this makes an own member even of `__proto__`. */
function fromEntries(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, member]) => member !== undefined));
}

const SCALAR_NAMES: Readonly<Record<string, string>> = {
  bool: 'a boolean',
  int32: 'a 32-bit integer',
  int64: 'a 64-bit integer',
  double: 'a number',
  time: 'an RFC 3339 time',
  microTime: 'an RFC 3339 time',
  quantity: "a quantity: it must match '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  intOrString: 'an integer or a string',
  bytes: 'base64',
  string: 'a string',
};

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function isScalar(expression: string, value: unknown): boolean {
  switch (expression) {
    case 'any':
      return true;
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'int32':
      return Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31;
    case 'int64':
      return Number.isSafeInteger(value);
    case 'double':
      return typeof value === 'number';
    case 'intOrString':
      return typeof value === 'string' || Number.isInteger(value);
    case 'quantity':
      return isQuantity(value);
    case 'time':
    case 'microTime':
      return typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value));
    case 'bytes':
      return typeof value === 'string' && BASE64.test(value.replaceAll(/\s/g, ''));
    default:
      return false;
  }
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Every required field that is missing below `path`, as validation says it. Status is left out: observers own it. */
export function missingFields(expression: string, value: unknown, path = ''): StatusCause[] {
  if (typeof value !== 'object' || value === null) return [];
  const element = elementType(expression);
  if (element !== undefined) {
    if (Array.isArray(value))
      return value.flatMap((item, index) => missingFields(element, item, `${path}[${index}]`));
    return Object.entries(value).flatMap(([key, item]) => missingFields(element, item, `${path}[${key}]`));
  }
  const type = TYPES.get(expression);
  if (type === undefined || !isRecord(value)) return [];
  const below = (name: string) => (path === '' ? name : `${path}.${name}`);
  const missing = type.required
    .filter(name => value[name] === undefined && below(name) !== 'status')
    .map(name => ({ reason: 'FieldValueRequired', message: 'Required value', field: below(name) }));
  // What is there, not what could be: a pod has some of a hundred fields.
  const nested = Object.entries(value).flatMap(([name, item]) => {
    const fieldType = type.fields[name];
    return fieldType === undefined || below(name) === 'status'
      ? []
      : missingFields(fieldType, item, below(name));
  });
  return [...missing, ...nested];
}
