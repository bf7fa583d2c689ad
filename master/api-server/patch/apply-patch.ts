/** A PATCH body and its content type, as a change to an object. Pure. */
import { applyPatch as applyJsonPatch, type Operation } from 'rfc6902';
import * as v from 'valibot';
import { isRecord } from '../../../shared/is-record.ts';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import { applyMergePatch } from './json-merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const SUPPORTED = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** As in Kubernetes: a patch may not make the server work for ever. */
const MAX_OPERATIONS = 10_000;

const pointer = v.pipe(v.string(), v.regex(/^(\/.*)?$/s, 'a path starts with "/"'));
const OperationsSchema = v.pipe(
  v.array(
    v.variant('op', [
      v.object({ op: v.picklist(['add', 'replace', 'test']), path: pointer, value: v.unknown() }),
      v.object({ op: v.literal('remove'), path: pointer }),
      v.object({ op: v.picklist(['move', 'copy']), path: pointer, from: pointer }),
    ]),
  ),
  v.maxLength(MAX_OPERATIONS),
);

/** Members through which a patch could reach JavaScript's own objects. */
const UNSAFE_POINTER = /(^|\/)(__proto__|constructor|prototype)(\/|$)/;

/** `target` after the patch; `target` is not changed. `type` is empty for a custom kind. Throws ApiError: UnsupportedMediaType, BadRequest, Invalid. */
export function applyPatch(contentType: string, type: string, target: unknown, patch: unknown): unknown {
  switch (contentType) {
    case 'application/json-patch+json':
      return jsonPatched(target, patch);
    case 'application/merge-patch+json':
      return applyMergePatch(target, requireObject(patch));
    case 'application/strategic-merge-patch+json':
      if (type === '') throw unsupported(SUPPORTED.filter(supported => supported !== contentType));
      return applyStrategicMergePatch(type, target, requireObject(patch));
    default:
      throw unsupported(SUPPORTED);
  }
}

function unsupported(accepted: readonly string[]): ApiError {
  return new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

function requireObject(patch: unknown): Record<string, unknown> {
  if (isRecord(patch)) return patch;
  throw new ApiError('BadRequest', 'error decoding patch: a merge patch is an object');
}

function jsonPatched(target: unknown, patch: unknown): unknown {
  const parsed = v.safeParse(OperationsSchema, patch);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new ApiError(
      'BadRequest',
      `error decoding patch: ${v.getDotPath(issue) ?? 'patch'}: ${issue.message}`,
    );
  }
  const operations: Operation[] = parsed.output;
  const unsafe = operations.find(
    operation =>
      UNSAFE_POINTER.test(operation.path) || ('from' in operation && UNSAFE_POINTER.test(operation.from)),
  );
  if (unsafe !== undefined)
    throw new ApiError(
      'BadRequest',
      `error decoding patch: path ${JSON.stringify(unsafe.path)} is not allowed`,
    );
  const copy = structuredClone(target);
  const failed = applyJsonPatch(copy, operations).findIndex(error => error !== null);
  if (failed >= 0) {
    const operation = operations[failed];
    throw new ApiError(
      'Invalid',
      `the server rejected our request due to an error in our request: operation ${failed} (${operation?.op} ${operation?.path}) does not apply`,
    );
  }
  return copy;
}
