/**
 * JSON patch. Pure. [RFC 6902] Where Kubernetes's library (evanphx/json-patch 4) does otherwise, so does this: the whole document
 * can only be replaced and tested, negative indices count from the end, and a member that is not there can be replaced, copied as null and tested to be null.
 */
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { isRecord } from '../../../shared/is-record.ts';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import { MAX_BODY_BYTES } from '../limits.ts';
import { refuseDeepNesting } from '../nesting.ts';

/** As in Kubernetes: a patch may not make the server work for ever. */
const MAX_OPERATIONS = 10_000;

const OperationsSchema = v.pipe(
  v.array(
    v.variant('op', [
      v.object({ op: v.picklist(['add', 'replace', 'test']), path: v.string(), value: v.unknown() }),
      v.object({ op: v.literal('remove'), path: v.string() }),
      v.object({ op: v.picklist(['move', 'copy']), path: v.string(), from: v.string() }),
    ]),
  ),
  v.maxLength(MAX_OPERATIONS),
);

type Operation = v.InferOutput<typeof OperationsSchema>[number];

/** `target` after the patch; neither argument is changed. Throws ApiError BadRequest for what is no patch, Invalid for one that does not apply. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  const parsed = v.safeParse(OperationsSchema, patch);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new ApiError(
      'BadRequest',
      `error decoding patch: ${v.getDotPath(issue) ?? 'patch'}: ${issue.message}`,
    );
  }
  let document = structuredClone(target);
  // Copies of copies double with every operation: together they may be as large as a body, as in Kubernetes.
  let copiedBytes = 0;
  for (const [index, operation] of parsed.output.entries()) {
    const refuse = (why: string) =>
      new ApiError(
        'Invalid',
        `the server rejected our request due to an error in our request: operation ${index} (${operation.op} ${operation.path}) does not apply: ${why}`,
      );
    if (operation.op === 'copy') {
      const copied = valueAt(document, operation.from) ?? null;
      refuseDeepNesting(copied);
      copiedBytes += JSON.stringify(copied).length;
    }
    if (copiedBytes > MAX_BODY_BYTES)
      throw refuse(`the accumulated size of copies exceeds the limit of ${MAX_BODY_BYTES} bytes`);
    const isWhole = operation.op === 'replace' && operation.path === '';
    if (isWhole && isContainer(operation.value)) document = structuredClone(operation.value);
    else {
      const fault = carryOut(document, operation);
      if (fault !== undefined) throw refuse(fault);
    }
  }
  // Each value may be shallow, and be put below another.
  refuseDeepNesting(document);
  return document;
}

/** Changes the document; what is wrong when it cannot. */
function carryOut(document: unknown, operation: Operation): string | undefined {
  if (operation.op === 'test' && operation.path === '') return difference(document, operation.value);
  const to = placeAt(document, operation.path);
  if (to === undefined) return 'the path is not there';
  switch (operation.op) {
    case 'add':
      return add(to, structuredClone(operation.value));
    case 'replace':
      return replace(to, structuredClone(operation.value));
    case 'remove':
      return remove(to);
    case 'test':
      return has(to) ? difference(read(to), operation.value) : 'the index is out of bounds';
    case 'copy': {
      const from = placeAt(document, operation.from);
      return from !== undefined && has(from)
        ? add(to, structuredClone(read(from) ?? null))
        : 'from is not there';
    }
    case 'move': {
      const from = placeAt(document, operation.from);
      const value = from && read(from);
      if (from === undefined || remove(from) !== undefined) return 'from is not there';
      // What was moved may have been what the path leads through.
      const left = placeAt(document, operation.path);
      return left === undefined ? 'the path is not there' : add(left, value);
    }
  }
}

function difference(found: unknown, wanted: unknown): string | undefined {
  return isDeepStrictEqual(found ?? null, wanted ?? null) ? undefined : 'the value is another';
}

type Container = Record<string, unknown> | unknown[];

function isContainer(value: unknown): value is Container {
  return isRecord(value) || Array.isArray(value);
}

/** A member of an object, or an element of a list; neither need be there. */
type Place = { readonly inside: Container; readonly key: string };

/** The place that a pointer names; undefined when what it lies in is not there, or for the whole document. */
function placeAt(document: unknown, pointer: string): Place | undefined {
  const [, ...segments] = pointer.split('/').map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = segments.pop();
  let inside = document;
  for (const segment of segments) {
    if (!isContainer(inside)) return undefined;
    inside = read({ inside, key: segment });
  }
  return key !== undefined && isContainer(inside) ? { inside, key } : undefined;
}

function valueAt(document: unknown, pointer: string): unknown {
  const place = placeAt(document, pointer);
  return place && read(place);
}

/** Where in a list of `length` elements; undefined when that is no place in it. */
function indexOf(key: string, length: number): number | undefined {
  if (!/^[+-]?\d+$/.test(key)) return undefined;
  const index = Number(key) < 0 ? Number(key) + length : Number(key);
  return index >= 0 && index < length ? index : undefined;
}

function read({ inside, key }: Place): unknown {
  if (Array.isArray(inside)) return inside[indexOf(key, inside.length) ?? inside.length];
  return Object.hasOwn(inside, key) ? inside[key] : undefined;
}

/** True when the place can be read: any member, for one that is not there counts as null. */
function has({ inside, key }: Place): boolean {
  return !Array.isArray(inside) || indexOf(key, inside.length) !== undefined;
}

function add({ inside, key }: Place, value: unknown): string | undefined {
  if (!Array.isArray(inside)) return setMember(inside, key, value);
  const index = key === '-' ? inside.length : indexOf(key, inside.length + 1);
  if (index === undefined) return 'the index is out of bounds';
  inside.splice(index, 0, value);
  return undefined;
}

function replace({ inside, key }: Place, value: unknown): string | undefined {
  if (!Array.isArray(inside)) return setMember(inside, key, value);
  const index = indexOf(key, inside.length);
  if (index === undefined) return 'the index is out of bounds';
  inside[index] = value;
  return undefined;
}

function remove({ inside, key }: Place): string | undefined {
  if (Array.isArray(inside)) {
    const index = indexOf(key, inside.length);
    if (index === undefined) return 'the index is out of bounds';
    inside.splice(index, 1);
    return undefined;
  }
  if (!Object.hasOwn(inside, key)) return 'there is no such member';
  delete inside[key];
  return undefined;
}

/** Unlike assignment, this makes an own member even of `__proto__`. */
function setMember(object: Record<string, unknown>, key: string, value: unknown): undefined {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
