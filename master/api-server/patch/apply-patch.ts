/** A PATCH body and its content type, as a change to an object. Pure. */
import { isRecord } from '../../../shared/is-record.ts';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import { applyMergePatch } from './json-merge-patch.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const SUPPORTED = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** `target` after the patch; `target` is not changed. `type` is empty for a custom kind. Throws ApiError: UnsupportedMediaType, BadRequest, Invalid. */
export function applyPatch(contentType: string, type: string, target: unknown, patch: unknown): unknown {
  switch (contentType) {
    case 'application/json-patch+json':
      return applyJsonPatch(target, patch);
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
