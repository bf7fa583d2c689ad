/** A request body as a JSON value and as an object of its kind. */

import { isRecord } from '../../shared/is-record.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, New } from '../../shared/kubernetes/objects.ts';
import { apiVersionOf, type Kind } from '../registry/kind.ts';
import { type Decoded, decode, decodeConfiguration } from '../registry/schema.ts';
import { duplicateFields } from './duplicate-fields.ts';
import type { Exchange } from './exchange.ts';
import { refuseDeepNesting } from './nesting.ts';

/** What client-go's typed clients send; answers are JSON all the same. */
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** Content type without parameters; JSON when the client names none. */
export function contentTypeOf(exchange: Exchange): string {
  return exchange.header('content-type')?.split(';')[0]?.trim().toLowerCase() || 'application/json';
}

type Document = {
  /** Undefined for an empty body. */
  readonly json: unknown;
  /** Paths of members that stand twice in it, of which the last one counts; none are looked for when nobody is to hear of them. */
  readonly duplicates: readonly string[];
};

/** The body as a JSON value; undefined when it is empty. Throws ApiError BadRequest, UnsupportedMediaType. */
export async function readJson(exchange: Exchange, contentType = contentTypeOf(exchange)): Promise<unknown> {
  return (await readDocument(exchange, 'Ignore', contentType)).json;
}

/** The same, for a client that wants its fields checked. */
export async function readDocument(
  exchange: Exchange,
  validation: FieldValidation,
  contentType = contentTypeOf(exchange),
): Promise<Document> {
  const bytes = await exchange.body();
  if (bytes.length === 0) return { json: undefined, duplicates: [] };
  const isJson = contentType.endsWith('json');
  const json = isJson ? parseJson(bytes.toString('utf8')) : await readOther(bytes, contentType);
  refuseDeepNesting(json);
  const isChecked = isJson && validation !== 'Ignore';
  return { json, duplicates: isChecked ? duplicateFields(bytes.toString('utf8')) : [] };
}

async function readOther(bytes: Buffer, contentType: string): Promise<unknown> {
  if (contentType === PROTOBUF) return (await import('./protobuf/decode.ts')).decodeProtobuf(bytes);
  if (contentType.endsWith('yaml')) return await readYaml(bytes.toString('utf8'));
  throw new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format (${contentType}) - accepted media types include: application/json, application/yaml, ${PROTOBUF}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError(
      'BadRequest',
      `couldn't read the body: ${error instanceof Error ? error.message : 'not JSON'}`,
      {},
      { cause: error },
    );
  }
}

async function readYaml(text: string): Promise<unknown> {
  const { load, YAML11_SCHEMA } = await import('js-yaml');
  try {
    const value = load(text, { schema: YAML11_SCHEMA }) ?? null;
    refuseExcessiveAliasing(value);
    // Through JSON, so that dates and other YAML types become what JSON has.
    return JSON.parse(JSON.stringify(value)) ?? undefined;
  } catch (error) {
    throw new ApiError(
      'BadRequest',
      `couldn't read the YAML body: ${error instanceof Error ? error.message : 'not YAML'}`,
      {},
      { cause: error },
    );
  }
}

/** More than any object within the limit of a body has without aliases. */
const MAX_YAML_NODES = 1_000_000;

/** Aliases make a small document a huge one, or an endless one. Throws RangeError. */
function refuseExcessiveAliasing(root: unknown): void {
  const pending = [root];
  for (let nodes = 0; pending.length > 0; nodes++) {
    if (nodes + pending.length > MAX_YAML_NODES) throw new RangeError('document contains excessive aliasing');
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const member of Object.values(value)) pending.push(member);
  }
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export function fieldValidationOf(exchange: Exchange): FieldValidation {
  const wanted = exchange.query('fieldValidation') || 'Warn';
  if (wanted === 'Strict' || wanted === 'Warn' || wanted === 'Ignore') return wanted;
  throw new ApiError(
    'BadRequest',
    `fieldValidation: Unsupported value: ${JSON.stringify(wanted)}: supported values: "Ignore", "Strict", "Warn"`,
  );
}

export function isDryRun(exchange: Exchange): boolean {
  const wanted = exchange.url.searchParams.getAll('dryRun');
  const bad = wanted.find(value => value !== 'All');
  if (bad !== undefined)
    throw new ApiError(
      'BadRequest',
      `dryRun: Unsupported value: ${JSON.stringify(bad)}: supported values: "All"`,
    );
  return wanted.length > 0;
}

export type DecodedObject<K extends KindName> = {
  readonly object: New<KindMap[K]>;
  readonly warnings: readonly string[];
  /** Paths of fields that the kind does not have; they are not in the object. */
  readonly unknown: readonly string[];
};

/** `json`, in the kind's version, as an object as it is stored. Throws ApiError BadRequest for another kind, a wrong type, or (Strict) an unknown or duplicate field. */
export function decodeObject<K extends KindName>(
  kind: Kind<K>,
  json: unknown,
  validation: FieldValidation,
  duplicates: readonly string[] = [],
): DecodedObject<K> {
  const { value, ...rest } = decodeAs(kind, json, validation, duplicates);
  return { object: storedObject(kind, value), ...rest };
}

/** The body of a request as an object of the kind, as decodeObject has it. */
export async function decodeBody<K extends KindName>(
  kind: Kind<K>,
  exchange: Exchange,
): Promise<DecodedObject<K>> {
  const validation = fieldValidationOf(exchange);
  const { json, duplicates } = await readDocument(exchange, validation);
  return decodeObject(kind, json, validation, duplicates);
}

/** The same for a configuration to be applied: its nulls and what is empty stay, for they say something about who owns what. */
export function decodeApplied<K extends KindName>(
  kind: Kind<K>,
  json: unknown,
): Pick<DecodedObject<K>, 'object' | 'unknown'> {
  // A conversion between versions knows objects, and no nulls.
  const read = kind.conversion === undefined ? decodeConfiguration : decode;
  const { value, unknown } = decodeAs(kind, json, 'Ignore', [], read);
  return { object: storedObject(kind, value), unknown };
}

/** What is decoded: a stored kind, or one that is only ever sent. `type` is its name in the field tables. */
export type DecodedType = Pick<Kind, 'kind' | 'group' | 'version' | 'type' | 'custom'>;

/** The same for any type. */
export function decodeAs(
  kind: DecodedType,
  json: unknown,
  validation: FieldValidation,
  duplicates: readonly string[] = [],
  read: (type: string, json: unknown) => Decoded = decode,
): { readonly value: unknown; readonly warnings: readonly string[]; readonly unknown: readonly string[] } {
  const name = `${kind.kind} in version ${JSON.stringify(kind.version)}`;
  const refuse = (why: string) =>
    new ApiError('BadRequest', `${name} cannot be handled as a ${kind.kind}: ${why}`);
  if (!isRecord(json)) throw refuse('the body is not an object');
  if (json.kind !== undefined && json.kind !== kind.kind)
    throw new ApiError(
      'BadRequest',
      `the object provided is unrecognized (must be of type ${kind.kind}): ${JSON.stringify(json.kind)}`,
    );
  if (json.apiVersion !== undefined && json.apiVersion !== apiVersionOf(kind))
    throw new ApiError(
      'BadRequest',
      `the API version in the data (${String(json.apiVersion)}) does not match the expected API version (${apiVersionOf(kind)})`,
    );
  const { value, unknown, mistyped } = kind.custom?.decode(json) ?? read(kind.type, json);
  if (mistyped.length > 0) throw refuse(mistyped.join('; '));
  const complaints = [
    ...unknown.map(path => `unknown field ${JSON.stringify(path)}`),
    ...duplicates.map(path => `duplicate field ${JSON.stringify(path)}`),
  ];
  if (validation === 'Strict' && complaints.length > 0)
    throw refuse(`strict decoding error: ${complaints.join(', ')}`);
  return { value, warnings: validation === 'Warn' ? complaints : [], unknown };
}

function storedObject<K extends KindName>(kind: Kind<K>, value: unknown): New<KindMap[K]> {
  // biome-ignore lint/suspicious/noExplicitAny: the walker has just proved the shape
  const given: any = value;
  const object = { ...given, metadata: given.metadata ?? {} };
  return kind.conversion?.toStored(object) ?? object;
}
